"""Exports of badges: CLR, ELM, ELMO, LinkedIn, QR, PDF; what they carry, and what they say they do not."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord_client.documents.certificate import LANGUAGES, PRINTED, TEXTS, export_certificate
from accord_client.documents.clr import export_clr
from accord_client.documents.elm import CONTEXTS, export_elm
from accord_client.documents.elm_codes import country_code, language_code
from accord_client.documents.elmo import NAMESPACE, export_elmo
from accord_client.documents.export_facts import FACTS, Exported, decimal_text
from accord_client.documents.export_links import linkedin_link, qr_code, qr_modules
from accord_client.documents.multikey import did_key
from accord_ledger.errors import AccordError
from export_badges import HOLDER, NOW, exported_badge

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"
PUBLISHER = {"id": did_key(HOLDER.public), "type": ["Profile"], "name": "The learner"}


def lost(made: Exported) -> set[str]:
    return {loss.fact for loss in made.losses}


def vectors(name: str) -> Path:
    found = VECTORS / name
    if not found.exists():
        pytest.skip(f"the third-party vectors have no {name} here")
    return found


# ---- what is lost ------------------------------------------------------------------------------------


def test_every_fact_is_carried_or_named_as_lost() -> None:
    facts = exported_badge()
    present = set(facts.present())
    assert present == set(FACTS)
    for carried in (set[str](), {"title"}, present):
        assert {loss.fact for loss in facts.losses(carried, {})} == present - carried
    with pytest.raises(ValueError, match="no such facts"):
        facts.losses({"colour"}, {})


def test_facts_a_badge_does_not_state_are_not_lost() -> None:
    facts = exported_badge(skills=(), level=None, field=None)
    assert not {"skills", "level", "field"} & set(facts.present())


@given(st.fractions(min_value=-(10**6), max_value=10**6))
def test_decimals_are_exact_or_refused(value: Fraction) -> None:
    try:
        assert Fraction(decimal_text(value)) == value
    except AccordError:
        assert (value * 10**6).denominator != 1


# ---- CLR ---------------------------------------------------------------------------------------------


def test_a_transcript_holds_the_signed_badges() -> None:
    badges = [exported_badge(), exported_badge(index=6)]
    made = export_clr(badges, PUBLISHER, name="Transcript", at=NOW)
    document = json.loads(made.content)
    assert document["credentialSubject"]["verifiableCredential"] == [item.document for item in badges]
    assert len(document["credentialSubject"]["achievement"]) == 1
    assert lost(made) == {"ledger_proof", "signature"}
    assert export_clr(badges, PUBLISHER, name="Transcript", at=NOW).content == made.content


def test_a_transcript_is_of_one_learner_and_each_badge_once() -> None:
    for badges, code in (
        ([exported_badge(), exported_badge(given="Ada", index=6)], "CLR_LEARNER"),
        ([exported_badge(), exported_badge()], "CLR_DUPLICATE"),
        ([], "CLR_COUNT"),
    ):
        with pytest.raises(AccordError, match=code):
            export_clr(badges, PUBLISHER, name="Transcript", at=NOW)


def test_associations_are_between_achievements_of_the_transcript() -> None:
    badges = [exported_badge(), exported_badge(index=6, id="https://uu.example/programmes/ml/1")]
    pair = [item.achievement_id for item in badges]
    made = export_clr(badges, PUBLISHER, name="T", at=NOW, associations=[(pair[0], "precedes", pair[1])])
    [link] = json.loads(made.content)["credentialSubject"]["association"]
    assert (link["sourceId"], link["associationType"], link["targetId"]) == (pair[0], "precedes", pair[1])
    with pytest.raises(AccordError, match="CLR_ASSOCIATION"):
        export_clr(
            badges, PUBLISHER, name="T", at=NOW, associations=[(pair[0], "precedes", "https://x.example")]
        )


# ---- ELMO --------------------------------------------------------------------------------------------


def _schema(namespace: str, content: str) -> str:
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{namespace}" '
        f'xmlns="{namespace}">{content}</xs:schema>'
    )


def elmo_schema() -> Any:
    """The published schema; what it imports comes from here, the unused address type as anything."""
    etree = pytest.importorskip("lxml.etree")

    class Local(etree.Resolver):  # type: ignore[misc, name-defined]  # a base that may not be installed
        def resolve(self, url: str | None, public: str | None, context: Any) -> Any:
            name = (url or "").rsplit("/", 1)[-1]
            if name in ("xmldsig-core-schema.xsd", "EUROPASS_ISOCountries_V1.1.xsd"):
                return self.resolve_filename(str(VECTORS / "elmo" / "references" / name), context)
            if "ewp-specs-types-address" in (url or ""):
                namespace = "https://github.com/erasmus-without-paper/ewp-specs-types-address/tree/stable-v1"
                kind = '<xs:complexType name="FlexibleAddress"><xs:sequence/></xs:complexType>'
                return self.resolve_string(_schema(namespace, kind), context)
            if name == "xml.xsd":
                kind = '<xs:attribute name="lang" type="xs:language"/>'
                return self.resolve_string(_schema("http://www.w3.org/XML/1998/namespace", kind), context)
            return None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.parse(str(vectors("elmo/schema.xsd")), parser))


def parsed(data: bytes) -> Any:
    return pytest.importorskip("lxml.etree").fromstring(data)


@pytest.mark.parametrize("changes", [{}, {"skills": (), "level": None, "field": None, "credits": None}])
def test_elmo_is_valid_by_its_schema(changes: dict[str, Any]) -> None:
    made = export_elmo(
        [exported_badge(**changes), exported_badge(index=6)], given_names="Zoë", family_name="Doe", at=NOW
    )
    schema = elmo_schema()
    assert schema.validate(parsed(made.content)), schema.error_log
    broken = made.content.replace(b"<givenNames>", b"<otherNames>").replace(
        b"</givenNames>", b"</otherNames>"
    )
    assert not schema.validate(parsed(broken))


def test_elmo_carries_results_and_the_badge() -> None:
    made = export_elmo([exported_badge()], given_names="Zoë", family_name="Doe", at=NOW)
    root = parsed(made.content)
    text = {
        name: root.findtext(f".//{{{NAMESPACE}}}{name}")
        for name in ("resultLabel", "value", "familyName", "date")
    }
    assert text == {"resultLabel": "8", "value": "2.5", "familyName": "Doe", "date": "2027-01-14"}
    content = root.findtext(f".//{{{NAMESPACE}}}content")
    assert content is not None
    assert content.startswith("data:application/vc;base64,")
    assert lost(made) == {"ledger_proof", "elmo_signature"}


def test_elmo_wants_the_name_of_the_badge() -> None:
    with pytest.raises(AccordError, match="ELMO_NAME"):
        export_elmo([exported_badge()], given_names="Zoë", family_name="Roe", at=NOW)


def test_markup_in_a_title_stays_text() -> None:
    title = "<b>&amp;</b> \ufffe"
    made = export_elmo([exported_badge(name=title)], given_names="Zoë", family_name="Doe", at=NOW)
    assert b"<b>" not in made.content
    assert parsed(made.content) is not None


# ---- ELM ---------------------------------------------------------------------------------------------


def shacl(document: dict[str, Any]) -> tuple[bool, str]:
    """Judged by the published shapes, read with the terms the export uses (``elm_context.json``)."""
    rdflib, pyshacl = pytest.importorskip("rdflib"), pytest.importorskip("pyshacl")
    terms = json.loads((Path(__file__).with_name("elm_context.json")).read_text())
    graph = rdflib.Graph().parse(data=json.dumps(document | {"@context": terms}), format="json-ld")
    shapes = rdflib.Graph().parse(vectors("elm-shacl/EDC-generic-no-cv.ttl"))
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shapes, allow_warnings=True)
    return conforms, text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_elm_conforms_to_the_published_shapes() -> None:
    made = export_elm(exported_badge(), country="NL")
    document = json.loads(made.content)
    assert tuple(document["@context"]) == CONTEXTS
    conforms, text = shacl(document)
    assert conforms, text
    assert lost(made) == {"ledger_proof", "seal"}
    del document["displayParameter"]
    assert not shacl(document)[0]


def test_elm_names_what_it_lacks() -> None:
    assert {"country"} <= lost(export_elm(exported_badge()))
    assert "credits" in lost(export_elm(exported_badge(level=None), country="NL"))
    assert "credits" not in lost(export_elm(exported_badge(), country="NL"))


def test_codes_of_the_publications_office() -> None:
    assert (country_code("NL"), country_code("CN"), language_code("zh-Hans"), language_code("en")) == (
        "NLD",
        "CHN",
        "ZHO",
        "ENG",
    )
    with pytest.raises(AccordError, match="ELM_COUNTRY"):
        country_code("XA")
    with pytest.raises(AccordError, match="ELM_LANGUAGE"):
        language_code("1")


# ---- links and codes ---------------------------------------------------------------------------------


def test_linkedin_never_hears_the_learners_name() -> None:
    made = linkedin_link(exported_badge(), "https://node.example/share#1.AAAA")
    query = parse_qs(urlsplit(made.content.decode().strip()).query)
    assert query["name"] == ["Data Science"]
    assert (query["issueYear"], query["issueMonth"]) == (["2027"], ["1"])
    assert query["certUrl"] == ["https://node.example/share#1.AAAA"]
    assert "Doe" not in made.content.decode()
    assert "learner_name" in lost(made)


def test_a_code_is_square_and_bounded() -> None:
    modules = qr_modules("https://node.example/share#1.AAAA")
    assert {len(row) for row in modules} == {len(modules)}
    assert qr_code("x").startswith(b"<?xml")
    assert qr_code("x", form="png").startswith(b"\x89PNG")
    for wrong in ("", "x" * 1201):
        with pytest.raises(AccordError, match="QR_SIZE"):
            qr_code(wrong)


# ---- certificate -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "family", "given_name"), [("en", "Doe", "Zoë"), ("zh", "王", "喆堃")])
def test_a_certificate_is_text_with_its_evidence(language: str, family: str, given_name: str) -> None:
    facts = exported_badge(family=family, given=given_name)
    made = export_certificate(
        facts, b'{"a bundle":1}', language=language, link="https://node.example/share#1.AAAA"
    )
    pdf = pytest.importorskip("pypdf").PdfReader(io.BytesIO(made.content))
    text = pdf.pages[0].extract_text()
    assert facts.learner_name is not None
    assert facts.learner_name in text
    assert "Data Science" in text
    said = dict(zip(TEXTS, (pair[LANGUAGES.index(language)] for pair in TEXTS.values()), strict=True))
    assert all(said[name] in text for name in ("heading", "issuer", "credits", "until", "number", "scan"))
    assert pdf.trailer["/Root"]["/Lang"] == {"en": "en", "zh": "zh-Hans"}[language]
    objects = [pdf.get_object(number) for number in range(1, pdf.trailer["/Size"])]
    assert [found["/Alt"] for found in objects if isinstance(found, dict) and "/Alt" in found] == [
        said["code"]
    ]
    metadata = pdf.trailer["/Root"]["/Metadata"].get_data()
    assert b"<pdfaid:part>3</pdfaid:part>" in metadata
    assert b"<pdfaid:conformance>U</pdfaid:conformance>" in metadata
    assert pdf.attachments["credential.accord.json"] == [b'{"a bundle":1}']
    assert made.losses == ()
    assert len(made.content) < 60_000


def test_fonts_are_embedded_as_subsets() -> None:
    pdf = pytest.importorskip("pypdf").PdfReader(
        io.BytesIO(export_certificate(exported_badge(family="王", given="喆"), None).content)
    )
    fonts: Any = pdf.pages[0]["/Resources"]["/Font"]
    names = [font.get_object()["/BaseFont"] for font in fonts.values()]
    assert all("+" in name for name in names), names
    assert pdf.trailer["/Root"]["/Lang"] == "en"


def test_without_a_bundle_the_certificate_says_what_is_missing() -> None:
    assert lost(export_certificate(exported_badge(), None)) == set(FACTS) - PRINTED


def test_a_certificate_without_its_evidence_does_not_speak_of_an_attachment() -> None:
    read = pytest.importorskip("pypdf").PdfReader
    text = read(io.BytesIO(export_certificate(exported_badge(), None).content)).pages[0].extract_text()
    assert "alone proves nothing" in text
    assert "attached" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_long_texts_stay_inside_the_frame_and_too_long_ones_are_refused(language: str) -> None:
    long = exported_badge(name="Responsible data science " * 12, family="Konstantinopoulou " * 4)
    [page] = (
        pytest.importorskip("pypdf")
        .PdfReader(io.BytesIO(export_certificate(long, None, language=language).content))
        .pages
    )
    heights: list[float] = []
    page.extract_text(
        visitor_text=lambda text, _, matrix, *__: heights.append(matrix[5]) if text.strip() else None
    )
    assert min(heights) > 34  # points: the frame is 12 mm from the edge
    assert len(heights) > 10
    with pytest.raises(AccordError, match="CERTIFICATE_SPACE"):
        export_certificate(exported_badge(name="Data " * 600), None, language=language)


def test_a_character_without_a_glyph_is_refused() -> None:
    with pytest.raises(AccordError, match="CERTIFICATE_GLYPH") as failure:
        export_certificate(exported_badge(name="Data \U0001f600"), None)
    assert "U+1F600" in failure.value.detail
    with pytest.raises(AccordError, match="CERTIFICATE_LANGUAGE"):
        export_certificate(exported_badge(), None, language="fr")


def test_a_font_that_is_none_is_refused(tmp_path: Path) -> None:
    font = tmp_path / "x.ttf"
    font.write_bytes(b"no font")
    with pytest.raises(AccordError, match="CERTIFICATE_FONT"):
        export_certificate(exported_badge(), None, fonts=[font])
