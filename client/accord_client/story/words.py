"""The words of a story in English and Chinese; names are those of the JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "zh"]

STEPS: Final[Mapping[str, tuple[str, str]]] = {
    "programme_register": ("programme registered", "项目登记"),
    "programme_submit": ("programme submitted for approval", "项目提交审批"),
    "programme_approve": ("programme approved", "项目获批准"),
    "programme_activate": ("programme activated", "项目启用"),
    "programme_status": ("status of the programme changed", "项目状态变更"),
    "accreditation_grant": ("accreditation granted", "授予认证"),
    "accreditation_withdraw": ("accreditation withdrawn", "撤回认证"),
    "credential_issue": ("issued", "颁发"),
    "credential_status": ("status set by the issuer", "颁发机构变更证书状态"),
    "status": ("status changed", "证书状态变更"),
    "stack_award": ("award conferred", "授予奖项"),
    "erasure_notice": ("erased", "删除通知"),
    "benefit_claim": ("benefit claimed", "申领待遇"),
    "admission_attest": ("shown for admission", "用于入学"),
    "recognise": ("recognised", "学分认定"),
    "recognition_reversed": ("recognition reversed", "认定撤销"),
    "review_opened": ("review opened", "开启复核"),
    "review_decide": ("review decided", "复核决定"),
    "enrolment_open": ("account opened", "开立学习账户"),
    "agreement_propose": ("agreement proposed", "协议提出"),
    "agreement_amend": ("amendment proposed", "协议修订提出"),
    "agreement_sign": ("agreement signed", "协议签署"),
    "agreement_terminate": ("notice to end the agreement", "协议终止通知"),
    "agreement_status": ("status of the agreement changed", "协议状态变更"),
    "agreement_superseded": ("agreement superseded by a newer version", "协议被新版本取代"),
    "key_revoke": ("key of the issuance revoked", "颁发密钥吊销"),
    "key_rotate": ("key of the issuance replaced", "颁发密钥更换"),
    "party_status": ("status of the issuer changed", "颁发机构状态变更"),
}
"""Name of a step to what people call it."""

FACTS: Final[Mapping[str, tuple[str, str]]] = {
    "action": ("action", "操作"),
    "agency": ("agency", "认证机构"),
    "agreement": ("agreement", "协议"),
    "agreement_then": ("agreement was then", "当时协议状态"),
    "amount": ("amount (minor units)", "金额（最小单位）"),
    "approval": ("approval", "批准类别"),
    "authority_accreditation": ("accreditation then", "当时认证"),
    "authority_issuer": ("authorised then", "当时有权颁发"),
    "authority_programme": ("programme then", "当时项目"),
    "award": ("towards", "目标奖项"),
    "award_batch": ("award", "奖项批次"),
    "awarded": ("awarded", "认定学分"),
    "basis": ("basis", "依据"),
    "benefit": ("benefit", "待遇"),
    "by_record": ("through", "经由"),
    "completed": ("completed", "完成日期"),
    "compromised_since": ("compromised since", "泄露起"),
    "count": ("credentials in the batch", "本批证书数"),
    "courses": ("courses", "课程"),
    "credits": ("credits", "学分"),
    "cross_border": ("across borders", "跨境有效"),
    "deadline": ("deadline", "期限"),
    "decision": ("decision", "决定"),
    "dropped": ("dropped by rounding", "取整舍去"),
    "effect": ("effect", "效果"),
    "effective": ("effective", "生效日"),
    "enrolment": ("account", "账户"),
    "exact": ("exact", "精确值"),
    "framework": ("framework", "学分框架"),
    "grant": ("grant", "认证编号"),
    "hours": ("hours", "学时"),
    "in_force": ("in force with this signature", "由此签署生效"),
    "issuers": ("issuers", "颁发机构"),
    "items": ("credentials used", "所用证书数"),
    "key": ("key", "密钥"),
    "minimum": ("needed", "最低要求"),
    "party": ("party", "机构"),
    "presented": ("presented", "出示学分"),
    "profile": ("profile", "规则档案"),
    "programme": ("programme", "项目"),
    "reason": ("reason", "原因"),
    "receiver": ("receiver", "接收机构"),
    "receivers": ("receivers", "接收机构"),
    "recognised": ("of it recognised", "其中认定"),
    "recognition": ("recognition", "认定编号"),
    "redeemable": ("redeemable elsewhere", "可在他处使用"),
    "registry": ("registry", "名册"),
    "replaced_by": ("replaced by batch", "被批次替换"),
    "review": ("review of", "复核对象"),
    "rule": ("rule", "规则"),
    "senders": ("senders", "发送机构"),
    "status": ("status", "状态"),
    "taken_back": ("taken back", "收回学分"),
    "terms_hash": ("terms (hash)", "条款哈希"),
    "valid": ("valid", "有效期"),
}
"""Name of a fact to its heading."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("The story of credential", "证书履历"),
    "by": ("by", "提交机构"),
    "signed": ("signed", "签名"),
    "record": ("record", "记录"),
    "block": ("block", "区块"),
    "index": ("log index", "日志序号"),
    "holder": ("its holder", "持有人"),
    "state": ("a proved value of the ledger; no node names a record", "账本状态已证明；节点未指出记录"),
    "genesis": ("in the genesis document", "创世文件所载"),
    "evidence": ("evidence", "证据"),
    "not_proved": ("not proved", "未证明"),
    "now": ("now", "现状"),
    "live": ("counted at", "计入机构"),
    "erased": ("erased", "已删除"),
    "proved_at": ("proved at", "证明于"),
    "compromised": ("key compromised later", "密钥后来泄露"),
    "steps": ("steps, each proved", "个步骤，逐一证明"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "none": ("nowhere", "无"),
}
"""Other words."""


def said(words: Mapping[str, tuple[str, str]], name: str, language: Language) -> str:
    """A word; the name itself where there is none."""
    return words.get(name, (name.replace("_", " "),) * 2)[language == "zh"]
