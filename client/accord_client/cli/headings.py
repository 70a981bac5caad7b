"""Headings of reports in English and Chinese, by the names that JSON and programs use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "zh"]

HEADINGS: Final[Mapping[str, tuple[str, str]]] = {
    "above": ("above 3/5", "高于 3/5"),
    "accreditation": ("accreditation", "认证"),
    "accreditation_cost_minor": ("accreditation cost", "认证成本"),
    "accredited": ("accredited", "已认证"),
    "active": ("active programmes", "在办项目"),
    "actual": ("actual", "实际"),
    "agency": ("agency", "认证机构"),
    "agency_listed": ("agency listed", "机构在册"),
    "agreement": ("agreement", "协议"),
    "amount_minor": ("amount", "金额"),
    "budget_minor": ("budget", "预算"),
    "category": ("category", "类别"),
    "code": ("code", "代码"),
    "completed": ("completed", "完成"),
    "completed_display": ("completion rate", "完成率"),
    "concentration": ("in the group", "集中度"),
    "content_age_days": ("age of content (days)", "内容天数"),
    "courses_total": ("courses", "课程总数"),
    "courses_with_industry": ("with industry", "产业参与课程"),
    "covered": ("covered", "已覆盖"),
    "credits": ("credits", "学分"),
    "cross_border": ("across borders", "跨境有效"),
    "currency": ("currency", "币种"),
    "date": ("date", "日期"),
    "development_days": ("development (days)", "开发天数"),
    "display": ("per cent", "百分比"),
    "dropped_hours": ("dropped hours", "取整损失学时"),
    "dropped_total": ("dropped credits", "取整损失学分"),
    "effective": ("effective", "生效日"),
    "excellent": ("excellent", "优秀"),
    "excellent_display": ("share excellent", "优秀率"),
    "fast_channel": ("fast channel", "快速通道"),
    "fee_loan_minor": ("of it loans", "其中贷款"),
    "feedback_gap": ("feedback missing", "缺反馈期"),
    "flagged": ("flagged", "标记"),
    "gap_pp": ("gap (points)", "差距（百分点）"),
    "issued": ("issued", "已颁发"),
    "issuers": ("issuers", "颁发机构"),
    "listed": ("listed", "清单总数"),
    "met": ("met", "达标"),
    "metric": ("metric", "指标"),
    "not_recognised": ("not recognised", "未获互认"),
    "of": ("of", "总数"),
    "party": ("party", "机构"),
    "passed": ("passed", "通过"),
    "passed_display": ("pass rate", "通过率"),
    "programme": ("programme", "项目"),
    "programmes": ("programmes", "项目数"),
    "ratio": ("ratio", "比例"),
    "recognised": ("recognised", "已互认"),
    "recognitions": ("recognitions", "认定数"),
    "redeemed": ("redeemed", "已使用"),
    "refusals": ("refusals", "拒绝数"),
    "region": ("region", "地区"),
    "regions": ("regions", "各地区"),
    "registry": ("registry", "名册"),
    "rule": ("rule", "规则"),
    "run_off_until": ("run-off until", "过渡期至"),
    "rural": ("rural", "农村"),
    "school": ("school", "学校"),
    "series": ("trend", "趋势"),
    "share": ("share", "份额"),
    "sites": ("sites", "站点"),
    "stale_content": ("content stale", "内容过旧"),
    "stale_version": ("version stale", "版本过旧"),
    "status": ("status", "状态"),
    "target": ("target", "目标"),
    "unredeemed": ("unredeemed", "未使用"),
    "urban": ("urban", "城市"),
    "valid_from": ("from", "自"),
    "valid_to": ("to", "至"),
    "version": ("version", "版本"),
    "version_age_days": ("age of version (days)", "版本天数"),
    "weighted": ("weighted by credentials", "按证书加权"),
    "year": ("year", "年份"),
}
"""Field name to its heading in English and Chinese."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "hidden": ("hidden or not known", "不显示或未知"),
    "none": ("nothing to report", "无数据"),
    "as_of": ("as of", "截至"),
    "block": ("block", "区块"),
    "proved": ("proved", "已证明"),
    "word": ("a node's word", "节点所述"),
    "note": ("note", "说明"),
    "next": ("more: --after", "更多：--after"),
}


def heading(name: str, language: Language) -> str:
    """Heading of a field; its own name where there is none."""
    return HEADINGS.get(name, (name.replace("_", " "),) * 2)[language == "zh"]


def word(name: str, language: Language) -> str:
    """A word of ours."""
    return WORDS[name][language == "zh"]
