"""Readmes become harmless HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats.errors import TooLarge
from registry.formats.readme import MAX_README_BYTES, render_readme


def test_it_renders_github_flavoured_markdown() -> None:
    text = "# A & b\n\n## A & b\n\n|x|\n|-|\n|~~y~~|\n\n```rust\nlet x;\n```\n"

    shown = render_readme(text, "README.md")

    assert '<h1 id="user-content-a--b">A &amp; b</h1>' in shown
    assert '<h2 id="user-content-a--b-1">' in shown
    assert "<td><s>y</s></td>" in shown or "<td><del>y</del></td>" in shown
    assert '<code class="language-rust">let x;' in shown


@pytest.mark.parametrize("name", ["README", "a.MD", "docs/a.markdown", "x.mkdn"])
def test_these_names_are_markdown(name: str) -> None:
    assert "<em>x</em>" in render_readme("*x*", name)


@pytest.mark.parametrize("name", ["README.txt", "README.rst", "a.md.adoc"])
def test_other_files_are_shown_as_they_stand(name: str) -> None:
    assert render_readme("*x* <b>", name) == "<pre>*x* &lt;b&gt;</pre>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](https://x.example)",
         '<a href="https://x.example" rel="nofollow noopener noreferrer">a</a>'),
        ("[a](#part)", '<a href="#user-content-part" rel="nofollow noopener noreferrer">a</a>'),
        ("[a](docs/a.md)", '<a rel="nofollow noopener noreferrer">a</a>'),
        ("[a](//x.example)", '<a rel="nofollow noopener noreferrer">a</a>'),
        ("![a <b>](https://x.example/i.png)",
         '<a href="https://x.example/i.png" rel="nofollow noopener noreferrer">a &lt;b&gt;</a>'),
        ("[![a](https://i.example/i.svg)](https://x.example)",
         '<a href="https://x.example" rel="nofollow noopener noreferrer">a</a>'),
        ("![](i.png)", '<a rel="nofollow noopener noreferrer">image</a>'),
        ('<p align="center"><img src="https://x.example/i.png">x</p>', "<p>x</p>"),
    ],
)  # fmt: skip
def test_links_are_marked_and_images_become_links(text: str, shown: str) -> None:
    assert shown in render_readme(text, "README.md")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[a](javascript:alert(1))",
        '<a href="java\nscript:alert(1)">a</a>',
        '<p onclick="alert(1)" style="color:red">a</p>',
        "<iframe src=https://x.example></iframe>",
        "<svg><image href=https://x.example/></svg>",
        "<style>@import url(https://x.example)</style>",
        '<form action="/"><input name=a></form>',
        "<video src=https://x.example poster=https://x.example></video>",
        "<math><mtext></form><img src=x onerror=alert(1)></math>",
        '<div class="our-class" data-x="1" id="csrf">a</div>',
        '<base href="https://x.example">',
        '<link rel=stylesheet href="https://x.example">',
        "```x\" onclick=\"alert(1)\na\n```",
    ],
)  # fmt: skip
def test_nothing_runs_and_nothing_is_fetched(text: str) -> None:
    shown = render_readme(text, "README.md").lower()

    for word in ("<script", "href=\"java", " onclick=", "style", "<iframe", "<svg", "<image",
                 "<img", "<form", "<input", "<video", "onerror", "our-class", "data-x",
                 'id="csrf', "<base", "<link"):  # fmt: skip
        assert word not in shown


def test_it_refuses_a_readme_that_is_too_large() -> None:
    with pytest.raises(TooLarge, match="524288"):
        render_readme("é" * (MAX_README_BYTES // 2 + 1), "README.md")


def test_a_heap_of_nested_tags_is_shown_as_it_stands() -> None:
    assert render_readme("<div>" * 100_000, "README.md").startswith("<pre>&lt;div&gt;")
    assert "x</div>" in render_readme("<div>" * 4_000 + "x", "README.md")


@given(st.text(alphabet="[]()!<>a\"'=/#*_`|-\n &:", max_size=80))
def test_no_text_makes_an_image_or_breaks(text: str) -> None:
    assert "<img" not in render_readme(text, "README.md")
