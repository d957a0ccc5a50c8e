"""The platforms of dependencies, spelled as cargo spells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.platforms import InvalidPlatform, normal_platform


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("x86_64-pc-windows-gnu", "x86_64-pc-windows-gnu"),
        ("cfg(unix)", "cfg(unix)"),
        ("cfg( unix )", "cfg(unix)"),
        ('cfg(target_os="linux")', 'cfg(target_os = "linux")'),
        ('cfg(all(unix,not(feature="a b"),))', 'cfg(all(unix, not(feature = "a b")))'),
        ("cfg(any())", "cfg(any())"),
        ("cfg(not(any(a,b)))", "cfg(not(any(a, b)))"),
        ("cfg(all)", "cfg(all)"),
        ("cfg(r#true)", "cfg(r#true)"),
    ],
)
def test_it_gives_cargos_spacing(text: str, normal: str) -> None:
    assert normal_platform(text) == normal
    assert normal_platform(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two words",
        "cfg()",
        "cfg(a b)",
        "cfg(a = b)",
        "cfg(not())",
        "cfg(not(a, b))",
        "cfg(all(a)",
        "cfg(all(a b))",
        "cfg(a))",
        "cfg(a",
        'cfg(a = "b)',
        "cfg(é)",
        'cfg("a")',
        "cfg(" + "not(" * 40 + "a" + ")" * 40 + ")",
        "a" * 5000,
    ],
)
def test_it_refuses_what_cargo_cannot_read(text: str) -> None:
    with pytest.raises(InvalidPlatform):
        normal_platform(text)


@given(
    st.lists(st.sampled_from(["all", "not", "(", ")", ",", "=", '"', "a", " ", "é"])).map("".join)
)
def test_any_expression_is_normal_after_one_pass(text: str) -> None:
    try:
        normal = normal_platform(f"cfg({text})")
    except InvalidPlatform:
        return

    assert normal_platform(normal) == normal
