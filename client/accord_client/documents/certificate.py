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
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

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
            ``CERTIFICATE_FONT``, ``QR_SIZE`` or ``EXPORT_NUMBER``.
    """
    if language not in LANGUAGES:
        raise DecodeError("CERTIFICATE_LANGUAGE", f"expected en or zh, got {language[:20]!r}")
    with _font_files(fonts) as paths, closing(_Sheet(language)) as page:
        page.begin(paths)
        page.write(badge, link)
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


class _Sheet:
    """One landscape page."""

    def __init__(self, language: str) -> None:
        self._column = LANGUAGES.index(language)
        self._pdf = FPDF(orientation="landscape", format="A4", enforce_compliance="PDF/A-3U")
        self._pdf.set_lang("zh-Hans" if language == "zh" else "en")
        self._pdf.set_auto_page_break(auto=False)
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

    def write(self, badge: BadgeFacts, link: str | None) -> None:
        """Everything in reading order."""
        pdf = self._pdf
        pdf.set_title(f"{self.say('heading')}: {badge.title}")
        pdf.set_author(badge.issuer)
        pdf.set_creator("Accord")
        pdf.set_producer("Accord")
        pdf.set_creation_date(datetime.fromtimestamp(badge.valid_from, UTC))
        pdf.set_draw_color(40, 70, 110)
        pdf.set_line_width(0.8)
        pdf.rect(10, 10, 277, 190)
        pdf.set_y(22)
        self._line(self.say("heading"), 30)
        if badge.learner_name is not None:
            self._line(self.say("awarded"), 13, above=3)
            self._line(badge.learner_name, 24)
            self._line(self.say("completed"), 13, above=2)
        self._line(badge.title, 22, above=1)
        pdf.ln(5)
        for term, text in self._rows(badge):
            self._line(f"{term}: {text}", 12)
        self._line(self.say("check"), 10, above=5)
        if link is not None:
            pdf.image(io.BytesIO(qr_code(link, form="png")), x=248, y=160, w=34, alt_text=self.say("code"))

    def _rows(self, badge: BadgeFacts) -> Iterator[tuple[str, str]]:
        yield self.say("issuer"), badge.issuer
        if badge.credits is not None:
            yield self.say("credits"), decimal_text(badge.credits)
        if badge.level is not None:
            yield self.say("level"), badge.level.name
        if badge.result is not None:
            yield self.say("result"), badge.result
        yield self.say("issued"), stamp_text(badge.valid_from)[:10]
        until = self.say("no_end") if badge.valid_until is None else stamp_text(badge.valid_until)[:10]
        yield self.say("until"), until
        if badge.code is not None:
            yield self.say("programme"), f"{badge.code}@{badge.version}" if badge.version else badge.code
        yield self.say("number"), badge.reference

    def _line(self, text: str, size: int, *, above: float = 0) -> None:
        """A centred paragraph, smaller where it would not fit."""
        self._check(text)
        pdf = self._pdf
        pdf.set_font(self._names[0], size=size)
        while size > 8 and pdf.get_string_width(text) > 2 * pdf.epw:
            size -= 1
            pdf.set_font(self._names[0], size=size)
        pdf.ln(above)
        pdf.multi_cell(0, size * 0.5, text, align="C", new_x="LMARGIN", new_y="NEXT")

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
