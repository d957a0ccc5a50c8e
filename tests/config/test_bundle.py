from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.staticfiles import finders
from django.test import Client

from config.bundle import NAME, bundled


def test_all_style_sheets_are_in_it_and_the_order_of_layers_is_first(
    settings: LazySettings, tmp_path: Path
) -> None:
    settings.BUNDLE_DIR = tmp_path

    path = finders.find(NAME)

    assert path == str(tmp_path / NAME)
    text = Path(path).read_text()
    assert text.startswith("@layer reset,base,layout,components,utilities;")
    assert ".waybill{" in text
    assert "/*" not in text


def test_it_changes_with_its_parts_alone(tmp_path: Path) -> None:
    (tmp_path / "global.css").write_text("@layer a;\n")
    (tmp_path / "a.css").write_text("/* why */\n@layer a {\n  p {\n    color: red;\n  }\n}\n")

    assert bundled(tmp_path) == "@layer a;@layer a{p{color:red;}}\n"


@pytest.mark.django_db
def test_the_style_guide_is_for_debugging_alone(client: Client) -> None:
    assert client.get("/styleguide").status_code == 404
