import io

from demo.story import MAX_WIDTH, Story, mask


def test_a_mask_shows_the_beginning_alone() -> None:
    assert mask("wbl_tp_w9VabcdefghijklmnopqrstuvwxyzABCDEF") == "wbl_tp_w9V…"


def test_a_secret_is_masked_wherever_it_would_appear() -> None:
    out = io.StringIO()
    story = Story(out)
    secret = "wbl_tp_" + "a" * 46
    shown = story.keep_secret(secret)

    story.fact(f"a fact with {secret}")
    story.command(f"send {secret}", f"sent {secret}")
    story.quote("Refused: ", secret)
    story.note(secret)

    assert secret not in out.getvalue()
    assert out.getvalue().count(shown) == 5
    assert story.masked(f"<{secret}>") == f"<{shown}>"


def test_steps_are_numbered_and_wrapped_without_breaking_addresses() -> None:
    out = io.StringIO()
    story = Story(out)
    address = "http://127.0.0.1:8000/" + "long-address" * 9

    story.step("First", "word " * 40)
    story.step("Second", f"see {address}")

    lines = out.getvalue().splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "1. First",
        "2. Second",
    ]
    assert f"   {address}" in lines
    assert all(len(line) <= MAX_WIDTH for line in lines if address not in line)


def test_there_is_no_colour_without_a_terminal() -> None:
    out = io.StringIO()

    Story(out).title("Title", "explanation")

    assert out.getvalue() == "Title\nexplanation\n"
