"""Square codes drawn into a page."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(text: str, title: str) -> SafeString:
    """Draw `text` as a QR code, never as the smaller kind that few telephones read.

    The picture is made here: nothing in it was entered by anybody.
    """
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(
        out, kind="svg", xmldecl=False, svgns=False, border=4, omitsize=True, title=title
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308
