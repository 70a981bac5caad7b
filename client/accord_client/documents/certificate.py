"""The printable certificate: one page of PDF in English or Chinese, with the bundle attached.

Both fonts are embedded as subsets of what the page uses (``fonts/SOURCES.md``); a character that none of
them has is an error, never an empty box. The text is real text in reading order with its language set, and
the code has an alternative text (PDF/A-3U). The page is a picture of the badge: what proves anything is the
attachment. Equal facts give an equal page; only the time of making in the metadata is of today.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, cast

from fontTools.ttLib import TTFont as FontFile
from fpdf import FPDF
from fpdf.fonts import TTFFont

from accord_client.bundle import MEDIA_TYPE as BUNDLE
from accord_client.documents.export_facts import BadgeFacts, Exported, decimal_text
from accord_client.documents.export_links import qr_code
from accord_client.documents.timestamps import stamp_text
from accord_genesis.files import read_public
from accord_ledger.errors import DecodeError

MEDIA_TYPE: Final = "application/pdf"
MAX_FONT: Final = 64 * 1024 * 1024
"""Largest font file read."""
LANGUAGES: Final = ("en", "zh")

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "heading": ("Certificate", "证书"),
    "awarded": ("This is to certify that", "兹证明"),
    "completed": ("has been awarded the micro-credential", "获得微证书"),
    "issuer": ("Issued by", "颁发机构"),
    "credits": ("Credits", "学分"),
    "level": ("Level", "等级"),
    "result": ("Grade", "成绩"),
    "issued": ("Issued on", "颁发日期"),
    "until": ("Valid until", "有效期至"),
    "no_end": ("no end", "长期有效"),
    "programme": ("Programme", "项目"),
    "number": ("Number", "编号"),
    "check": (
        "The attached file credential.accord.json proves this certificate; this page alone does not.",
        "所附文件 credential.accord.json 为本证书之证明；仅凭本页不足为证。",
    ),
    "alone": (
        "This page alone proves nothing; ask for the file credential.accord.json.",
        "仅凭本页不足为证，请索取文件 credential.accord.json。",
    ),
    "scan": ("Present status", "查询当前状态"),
    "code": ("Code with a link to its present status", "查询当前状态的二维码"),
}
"""English and Chinese."""

CARRIES: Final = frozenset(
    {
        "title", "description", "issuer", "issuer_did", "learner_name", "programme_code", "programme_version", "credits", "level", "result",
        "valid_from", "valid_until", "ledger_reference", "ledger_proof", "signature", "holder_key", "status", "language",
        "criteria", "issuer_url", "issuer_ids", "learner_ids", "field", "skills", "awarded",
    }
)  # fmt: skip
PRINTED: Final = frozenset(
    {
        "title", "issuer", "learner_name", "programme_code", "programme_version", "credits", "level", "result", "valid_from", "valid_until",
        "ledger_reference", "language",
    }
)  # fmt: skip
"""What stands on the page; with the bundle attached everything is in the file."""

_FONTS: Final = files("accord_client.documents") / "fonts"
_LATIN: Final = "atkinson-hyperlegible-next.ttf"
_HAN: Final = "noto-sans-sc.ttf.xz"


def export_certificate(
    badge: BadgeFacts,
    bundle: bytes | None,
    *,
    language: str = "en",
    link: str | None = None,
    fonts: Sequence[Path] = (),
) -> Exported:
    """The certificate as PDF.

    Args:
        badge: what it says.
        bundle: the bundle's file, to attach; None leaves it out, which is then a loss.
        language: ``en`` or ``zh``.
        link: a share link, shown as a QR code.
        fonts: more TrueType fonts, asked for what the two built in do not have.

    Raises:
        DecodeError: ``CERTIFICATE_LANGUAGE``, ``CERTIFICATE_GLYPH`` (a character no font has),
            ``CERTIFICATE_FONT``, ``CERTIFICATE_SPACE`` (texts too long for a page), ``QR_SIZE`` or ``EXPORT_NUMBER``.
    """
    if language not in LANGUAGES:
        raise DecodeError("CERTIFICATE_LANGUAGE", f"expected en or zh, got {language[:20]!r}")
    with _font_files(fonts) as paths, closing(_Sheet(language)) as page:
        page.begin(paths)
        page.write(badge, link, attached=bundle is not None)
        if bundle is not None:
            page.attach(bundle, badge)
        content = page.finish()
    carried = CARRIES if bundle is not None else PRINTED
    reasons = dict.fromkeys(CARRIES - PRINTED, "not printed, and no bundle is attached")
    return Exported(MEDIA_TYPE, ".pdf", content, badge.losses(carried, reasons))


@contextmanager
def _font_files(more: Sequence[Path]) -> Iterator[list[Path]]:
    """The built-in fonts as files, then the others."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="accord-fonts-")))
        han = folder / "noto-sans-sc.ttf"
        han.write_bytes(lzma.decompress((_FONTS / _HAN).read_bytes()))
        yield [stack.enter_context(as_file(_FONTS / _LATIN)), han, *more]


def _check_font(path: Path) -> None:
    """Raise ``CERTIFICATE_FONT`` unless the file is a TrueType font with outlines and a character map."""
    data = read_public(path, limit=MAX_FONT)
    try:
        with FontFile(io.BytesIO(data)) as font:
            good = path.suffix == ".ttf" and "glyf" in font and bool(font.getBestCmap())
    except Exception as error:  # the library reads a stranger's file and raises what it likes
        raise DecodeError("CERTIFICATE_FONT", f"expected a TrueType font: {error}", path=str(path)) from error
    if not good:
        raise DecodeError("CERTIFICATE_FONT", "expected a TrueType font named .ttf", path=str(path))


_BLUE: Final = (40, 70, 110)
_MARGIN: Final = 22.0
"""Of the text, in mm, as all lengths here; the frame is outside."""
_TOP: Final = 20.0
_FOOT: Final = 154.0
"""Where the words end and the small print begins, beside the code."""
_CODE: Final = 34.0
_SCALES: Final = (1.0, 0.92, 0.84, 0.77, 0.7, 0.64)
"""Sizes tried until the texts fit; the smallest is still read without a glass."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A paragraph."""

    text: str
    size: float
    """Points."""
    above: float
    """Space above it."""
    align: Literal["C", "L"] = "C"
    color: tuple[int, int, int] = (0, 0, 0)


class _Sheet:
    """One landscape page."""

    def __init__(self, language: str) -> None:
        self._column = LANGUAGES.index(language)
        self._pdf = FPDF(orientation="landscape", format="A4", enforce_compliance="PDF/A-3U")
        self._pdf.set_lang("zh-Hans" if language == "zh" else "en")
        self._pdf.set_auto_page_break(auto=False)
        self._pdf.set_margin(_MARGIN)
        self._names: list[str] = []

    def begin(self, fonts: Sequence[Path]) -> None:
        """Read the fonts and open the page; raises ``CERTIFICATE_FONT``."""
        names = [f"font{place}" for place in range(len(fonts))]
        for name, path in zip(names, fonts, strict=True):
            _check_font(path)
            self._pdf.add_font(name, fname=path)
        self._names = names
        self._pdf.set_fallback_fonts(names[1:])
        self._pdf.add_page()
        self._pdf.set_font(names[0], size=12)

    def say(self, name: str) -> str:
        """A text of ours in the page's language."""
        return TEXTS[name][self._column]

    def write(self, badge: BadgeFacts, link: str | None, *, attached: bool) -> None:
        """Everything in reading order; raises ``CERTIFICATE_GLYPH`` or ``CERTIFICATE_SPACE``."""
        pdf = self._pdf
        pdf.set_title(f"{self.say('heading')}: {badge.title}")
        pdf.set_author(badge.issuer)
        pdf.set_creator("Accord")
        pdf.set_producer("Accord")
        pdf.set_creation_date(datetime.fromtimestamp(badge.valid_from, UTC))
        pdf.set_draw_color(*_BLUE)
        for inset, width in ((10.0, 0.8), (12.0, 0.2)):
            pdf.set_line_width(width)
            pdf.rect(inset, inset, pdf.w - 2 * inset, pdf.h - 2 * inset)
        self._fit(list(self._lines(badge)), _TOP, _FOOT)
        pdf.set_right_margin(_MARGIN if link is None else _MARGIN + _CODE + 8)
        notes = (self._row("number", badge.reference), self.say("check" if attached else "alone"))
        self._fit([_Line(note, 10, 2, align="L") for note in notes], _FOOT + 6, pdf.h - 16)
        if link is not None:
            self._code(link)

    def _code(self, link: str) -> None:
        """The QR code in the corner, and under it what it leads to."""
        pdf = self._pdf
        pdf.set_right_margin(_MARGIN)
        left = pdf.w - _MARGIN - _CODE
        image = io.BytesIO(qr_code(link, form="png"))
        pdf.image(image, x=left, y=_FOOT, w=_CODE, alt_text=self.say("code"))
        pdf.set_font(self._names[0], size=9)
        pdf.set_xy(left - 8, _FOOT + _CODE + 1)
        pdf.multi_cell(_CODE + 16, 4, self.say("scan"), align="C")

    def _lines(self, badge: BadgeFacts) -> Iterator[_Line]:
        yield _Line(self.say("heading"), 34, 0, color=_BLUE)
        if badge.learner_name is not None:
            yield _Line(self.say("awarded"), 13, 4)
            yield _Line(badge.learner_name, 26, 1)
            yield _Line(self.say("completed"), 13, 2)
        yield _Line(badge.title, 24, 1, color=_BLUE)
        for place, text in enumerate(self._rows(badge)):
            yield _Line(text, 13, 0.5 if place else 6)

    def _row(self, name: str, text: str) -> str:
        return f"{self.say(name)}{(': ', '：')[self._column]}{text}"

    def _rows(self, badge: BadgeFacts) -> Iterator[str]:
        yield self._row("issuer", badge.issuer)
        if badge.credits is not None:
            yield self._row("credits", decimal_text(badge.credits))
        if badge.level is not None:
            yield self._row("level", badge.level.name)
        if badge.result is not None:
            yield self._row("result", badge.result)
        yield self._row("issued", stamp_text(badge.valid_from)[:10])
        until = self.say("no_end") if badge.valid_until is None else stamp_text(badge.valid_until)[:10]
        yield self._row("until", until)
        if badge.code is not None:
            yield self._row("programme", f"{badge.code}@{badge.version}" if badge.version else badge.code)

    def _fit(self, lines: Sequence[_Line], top: float, bottom: float) -> None:
        """The paragraphs between two heights (mm), all of them smaller together where they would not fit."""
        for line in lines:
            self._check(line.text)
        pdf, room = self._pdf, bottom - top
        for scale in _SCALES:
            height = sum(self._put(line, scale, dry=True) for line in lines)
            if height <= room:
                break
        else:
            raise DecodeError("CERTIFICATE_SPACE", "expected texts that fit on one page, got longer ones")
        pdf.set_y(top + (room - height) * 0.4)
        for line in lines:
            self._put(line, scale)

    def _put(self, line: _Line, scale: float, *, dry: bool = False) -> float:
        """A paragraph, or with ``dry`` nothing; its height with the space above, in mm."""
        pdf, size = self._pdf, line.size * scale
        pdf.set_font(self._names[0], size=size)
        pdf.set_text_color(*line.color)
        if not dry:
            pdf.ln(line.above * scale)
        height = pdf.multi_cell(
            0, size * 0.5, line.text, align=line.align, new_x="LMARGIN", new_y="NEXT", dry_run=dry, output="HEIGHT"
        )  # fmt: skip
        return cast("float", height) + line.above * scale

    def _check(self, text: str) -> None:
        known = [font.cmap for font in self._pdf.fonts.values() if isinstance(font, TTFFont)]
        missing = {sign for sign in text if not any(ord(sign) in table for table in known)}
        if missing:
            shown = " ".join(f"{sign} U+{ord(sign):04X}" for sign in sorted(missing)[:8])
            raise DecodeError(
                "CERTIFICATE_GLYPH", f"expected characters of the fonts, got {shown}; give another font"
            )

    def attach(self, bundle: bytes, badge: BadgeFacts) -> None:
        """The bundle as an attachment of the document."""
        self._pdf.embed_file(
            bytes=bundle,
            basename="credential.accord.json",
            desc="Accord bundle: the credential with its evidence",
            mime_type=BUNDLE,
            modification_date=datetime.fromtimestamp(badge.valid_from, UTC),
            associated_file_relationship="Data",
            compress=True,
        )

    def close(self) -> None:
        """Close the font files; the library leaves them to the garbage collector."""
        for font in self._pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def finish(self) -> bytes:
        """The file."""
        return bytes(self._pdf.output())
