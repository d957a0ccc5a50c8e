"""Text as a picture that phones read."""

import base64

import qrcode
from qrcode.image.svg import SvgPathFillImage


def qr_code(text: str) -> str:
    """The address of an SVG that needs no request; on white, whatever the page's colours are."""
    picture = qrcode.make(text, image_factory=SvgPathFillImage)
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.to_string()).decode()}"
