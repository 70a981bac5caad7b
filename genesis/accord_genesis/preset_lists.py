"""Ready closed lists (T40): fields, sectors, reasons for refusals, regions, benefit ranges.

What the values of an entry mean is the same in every list of a name:

    fields, sectors      code of the classification; its English title
    skill-areas-<cc>     number of the area; its title
    refusal-reasons      code a receiver gives when it refuses (T28a); what it means
    region-groups-<cc>   ISO 3166-2 subdivision; group it is counted in (report N2)
    wage-<currency>      ISO 4217 currency; least and largest amount in minor units (C10)
"""

from __future__ import annotations

from typing import Final

from accord_ledger.domain.model.framework import ListEntry, ListTerms


def _list(list_id: str, owner: str, entries: dict[str, tuple[str, ...]]) -> ListTerms:
    rows = tuple(ListEntry(code=code, values=entries[code]) for code in sorted(entries))
    return ListTerms(list_id=list_id, version=1, owner=owner, entries=rows)


FIELDS: Final = _list(
    "fields",
    "alliance",
    {
        "01": ("Education",),
        "02": ("Arts and humanities",),
        "03": ("Social sciences, journalism and information",),
        "04": ("Business, administration and law",),
        "05": ("Natural sciences, mathematics and statistics",),
        "06": ("Information and Communication Technologies",),
        "07": ("Engineering, manufacturing and construction",),
        "08": ("Agriculture, forestry, fisheries and veterinary",),
        "09": ("Health and welfare",),
        "10": ("Services",),
    },
)
"""A closed list of ten (P12): the broad fields 01 to 10 of UNESCO ISCED-F 2013. The paper's own ten key
fields are policy of one country; an alliance that wants them keeps a list ``fields-cn`` beside this."""

SECTORS: Final = _list(
    "sectors",
    "alliance",
    {
        "A": ("Agriculture, forestry and fishing",),
        "B": ("Mining and quarrying",),
        "C": ("Manufacturing",),
        "D": ("Electricity, gas, steam and air conditioning supply",),
        "E": ("Water supply, sewerage, waste management, remediation",),
        "F": ("Construction",),
        "G": ("Wholesale and retail trade, repair of motor vehicles",),
        "H": ("Transportation and storage",),
        "I": ("Accommodation and food service activities",),
        "J": ("Information and communication",),
        "K": ("Financial and insurance activities",),
        "L": ("Real estate activities",),
        "M": ("Professional, scientific and technical activities",),
        "N": ("Administrative and support service activities",),
        "O": ("Public administration, defence, social security",),
        "P": ("Education",),
        "Q": ("Human health and social work activities",),
        "R": ("Arts, entertainment and recreation",),
        "S": ("Other service activities",),
        "T": ("Activities of households as employers",),
        "U": ("Activities of extraterritorial organisations",),
    },
)
"""Sections of the UN's ISIC Rev. 4."""

SECTORS_CN: Final = _list(
    "sectors-cn",
    "CN",
    {
        "41": ("农林牧渔", "Agriculture, forestry, animal husbandry, fishery"),
        "42": ("资源环境与安全", "Resources, environment and safety"),
        "43": ("能源动力与材料", "Energy, power and materials"),
        "44": ("土木建筑", "Civil engineering and building"),
        "45": ("水利", "Water conservancy"),
        "46": ("装备制造", "Equipment manufacturing"),
        "47": ("生物与化工", "Biology and chemical engineering"),
        "48": ("轻工纺织", "Light industry and textiles"),
        "49": ("食品药品与粮食", "Food, medicine and grain"),
        "50": ("交通运输", "Transport"),
        "51": ("电子与信息", "Electronics and information"),
        "52": ("医药卫生", "Medicine and health"),
        "53": ("财经商贸", "Finance, economics and trade"),
        "54": ("旅游", "Tourism"),
        "55": ("文化艺术", "Culture and art"),
        "56": ("新闻传播", "Journalism and communication"),
        "57": ("教育与体育", "Education and sport"),
        "58": ("公安与司法", "Public security and justice"),
        "59": ("公共管理与服务", "Public administration and services"),
    },
)
"""The 19 major groups of China's vocational education catalogue of 2021, which the 1+X shares count in
(N1: electronics, equipment, food and medicine)."""

SKILL_AREAS_MY: Final = _list(
    "skill-areas-my", "MY", {f"{number:02}": (f"Skill area {number}",) for number in range(1, 25)}
)
"""M8: a closed list of 24. The names are HRD Corp's to publish; these are their numbers."""

REFUSAL_REASONS: Final = _list(
    "refusal-reasons",
    "alliance",
    {
        "assessment": ("Form of assessment does not meet the receiver's rule",),
        "capacity": ("No place for a substitution in the learner's programme",),
        "content": ("Content does not match the target",),
        "documents": ("Documents needed to decide were not opened",),
        "grade": ("Grade below the receiver's condition",),
        "level": ("Level below the target",),
        "outdated": ("Content too old for the target",),
        "overlap": ("Content already counted in another way",),
        "quality": ("Quality assurance does not satisfy the receiver",),
        "size": ("Too small for the target",),
    },
)
"""U5: receivers refuse with a code from a list, so that refusals can be counted. The codes are our own."""

WAGE_USD: Final = _list("wage-usd", "alliance", {"USD": ("20000", "60000")})
"""C10: 200 to 600 USD of base pay by difficulty (Kettle Moraine)."""

_EAST = ("BJ", "TJ", "HE", "SH", "JS", "ZJ", "FJ", "SD", "GD", "HI")
_CENTRAL = ("SX", "AH", "JX", "HA", "HB", "HN")
_WEST = ("NM", "GX", "CQ", "SC", "GZ", "YN", "XZ", "SN", "GS", "QH", "NX", "XJ")
_NORTHEAST = ("LN", "JL", "HL")

REGION_GROUPS_CN: Final = _list(
    "region-groups-cn",
    "CN",
    {
        f"CN-{code}": (group,)
        for group, codes in (
            ("east", _EAST),
            ("central", _CENTRAL),
            ("west", _WEST),
            ("northeast", _NORTHEAST),
        )
        for code in codes
    },
)
"""N2, P16: the four economic regions of the National Bureau of Statistics of China (mainland provinces)."""

LISTS: Final = (FIELDS, SECTORS, SECTORS_CN, SKILL_AREAS_MY, REFUSAL_REASONS, WAGE_USD, REGION_GROUPS_CN)
"""DOMAIN.md section 6, the lists."""
