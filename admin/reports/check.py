"""The rules of consistency on typed totals: which of them a paper report breaks.

A rule fires only where what is stated decides it: parts that already exceed a total break it even
when another part is missing; parts that fall short do not, except for the outcomes of
denunciations (E07), where every petition must have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from admin.reports.findings import Finding, finding, in_order, wording
from admin.reports.numbers import day, grouped, percent
from admin.reports.totals import BLOCKS, OUTCOMES, Claim, Reception, Totals
from intake.counting.rules import counting_rules
from intake.report_forms import broken_relations, form_set

_VIEWS = (("regular", "periodic", "ad_hoc"), ("staff", "head", "delegate"))
_FORM_RULES = {
    "c1=c5+c11+c17": ("E01", "visits"),
    "c2=c6+c12+c18": ("E02", "people"),
    "c4=c8+c14+c20": ("E02", "groups"),
}
_LEAP_DAY = timedelta(days=1)


def check_totals(totals: Totals, *, today: date, forms: str = "TT06-2025") -> list[Finding]:
    """Every rule the totals break, blocking ones first.

    Args:
        forms: the edition whose relations bind cells of forms.
    """
    found = [*totals.findings]
    found += _period(totals, today)
    found += _reception(totals.reception)
    found += _denunciations(totals)
    found += _relations(totals, forms)
    for claim in totals.claims:
        found += _claim(claim)
    if totals.comparison is not None:
        found += _comparison(totals, totals.comparison)
    return in_order(found)


def _period(totals: Totals, today: date) -> Iterator[Finding]:
    if totals.first and totals.last and totals.first > totals.last:
        yield Finding(
            "E09",
            wording()["subject"]["period"],
            wording()["message"]["period"].format(first=day(totals.first), last=day(totals.last)),
        )
    elif totals.last and totals.last >= today:
        yield finding("W06", "period", last=day(totals.last), today=day(today))


def _reception(stated: Reception) -> Iterator[Finding]:
    for view in _VIEWS:
        for measure, rule in (
            ("visits", "E01"),
            ("people", "E02"),
            ("groups", "E02"),
            ("group_people", "E02"),
        ):
            parts = [(block, stated.get(block, measure)) for block in view]
            subject = "groups" if measure == "group_people" else measure
            yield from _sum(rule, subject, stated.get("total", measure), parts)
        yield from _distinct(stated, view)
    for block in BLOCKS:
        yield from _block(stated, block)
    threshold = counting_rules().group_threshold
    given = stated.group_threshold
    if given is not None and given != threshold and not stated.threshold_noted:
        yield finding("E05-threshold", "groups", given=given, expected=f"{threshold:02}")


def _sum(
    rule: str, subject: str, total: int | None, parts: Sequence[tuple[str, int | None]]
) -> Iterator[Finding]:
    stated = [(name, value) for name, value in parts if value is not None]
    added = sum(value for _, value in stated)
    complete = len(stated) == len(parts)
    if total is None or not stated or (added == total or (added < total and not complete)):
        return
    yield finding(
        rule,
        subject,
        total=grouped(total),
        parts=_added(stated),
        sum=grouped(added),
        difference=grouped(abs(total - added)),
    )


def _added(parts: Sequence[tuple[str, int]]) -> str:
    names = wording()["block"]
    return " + ".join(f"{names[name]} {grouped(value)}" for name, value in parts)


def _distinct(stated: Reception, view: Sequence[str]) -> Iterator[Finding]:
    """Distinct cases: at most the sum of the parts, at least the largest part; never their sum."""
    total = stated.get("total", "cases")
    values = [stated.get(block, "cases") for block in view]
    known = [(block, v) for block, v in zip(view, values, strict=True) if v is not None]
    if total is None or not known:
        return
    names = wording()["block"]
    largest = max(known, key=lambda pair: pair[1])
    if largest[1] > total:
        reason = f"{names[largest[0]]} {grouped(largest[1])}"
        yield finding("W-E01", "cases", total=grouped(total), reason=reason)
    elif len(known) == len(view) and sum(v for _, v in known) < total:
        reason = f"{_added(known)} = {grouped(sum(v for _, v in known))}"
        yield finding("W-E01", "cases", total=grouped(total), reason=reason)


def _block(stated: Reception, block: str) -> Iterator[Finding]:
    name = wording()["block"][block]
    visits, people = stated.get(block, "visits"), stated.get(block, "people")
    cases, groups = stated.get(block, "cases"), stated.get(block, "groups")
    group_people = stated.get(block, "group_people")
    if visits is not None and people is not None:
        if people < visits:
            yield finding(
                "E03", "people", block=name, people=grouped(people), visits=grouped(visits)
            )
        elif visits == 0 and people > 0:
            yield finding("E03-none", "people", block=name, people=grouped(people))
    if visits is not None and cases is not None and cases > visits:
        yield finding("W-E04", "cases", block=name, cases=grouped(cases), visits=grouped(visits))
    if visits is not None and groups is not None and groups > visits:
        yield finding(
            "E05-visits", "groups", block=name, groups=grouped(groups), visits=grouped(visits)
        )
    in_groups = group_people if group_people is not None else people
    threshold = counting_rules().group_threshold
    if stated.group_threshold is not None and stated.threshold_noted:
        threshold = stated.group_threshold
    if groups and in_groups is not None and in_groups < threshold * groups:
        yield finding(
            "E05",
            "groups",
            block=name,
            groups=grouped(groups),
            least=grouped(threshold * groups),
            people=grouped(in_groups),
        )


def _denunciations(totals: Totals) -> Iterator[Finding]:
    total = totals.denunciations.get("total")
    stated = [(name, totals.denunciations.get(name)) for name in OUTCOMES]
    known = [(name, value) for name, value in stated if value is not None]
    added = sum(value for _, value in known)
    if total is None or not known or added == total:
        return
    message = "E07" if added < total else "E07-over"
    yield finding(
        message,
        "denunciations",
        total=grouped(total),
        parts=_added(known),
        sum=grouped(added),
        difference=grouped(abs(total - added)),
    )


def _relations(totals: Totals, forms: str) -> Iterator[Finding]:
    for outcome in broken_relations(form_set(forms), totals.cells):
        relation = outcome.relation
        values = {
            "form": relation.form,
            "relation": relation.text,
            "left": grouped(outcome.left),
            "right": grouped(outcome.right),
        }
        names, messages = wording()["subject"], wording()["message"]
        if not relation.strict:
            yield Finding("W-E05", names["form"], messages["soft"].format(**values))
        elif not relation.form:
            yield Finding("E06", names["form"], messages["cross"].format(**values))
        else:
            rule, subject = _FORM_RULES.get(relation.text, ("E06", "form"))
            if relation.form != "01/TCD":
                rule, subject = "E06", "form"
            yield Finding(rule, names[subject], messages["E06"].format(**values))


def _claim(claim: Claim) -> Iterator[Finding]:
    rules = counting_rules()
    if claim.percent is None:
        return
    if claim.before < rules.smallest_base:
        yield finding(
            "W02", "comparison", name=claim.name, before=claim.before, base=rules.smallest_base
        )
    if claim.before == 0:
        return
    right = Decimal(abs(claim.now - claim.before)) * 100 / claim.before
    given = abs(claim.percent)
    digits = max(-int(given.as_tuple().exponent), 0)
    if right.quantize(Decimal(1).scaleb(-min(digits, 2)), rounding=ROUND_HALF_UP) != given:
        yield finding(
            "E09",
            "comparison",
            name=claim.name,
            given=grouped(claim.percent),
            now=grouped(claim.now),
            before=grouped(claim.before),
            right=percent(abs(claim.now - claim.before), claim.before),
        )


def _comparison(totals: Totals, other: Totals) -> Iterator[Finding]:
    if totals.first and totals.last and other.first and other.last:
        days = totals.last - totals.first + timedelta(days=1)
        others = other.last - other.first + timedelta(days=1)
        if abs(days - others) > _LEAP_DAY:
            yield finding("W01-length", "comparison", days=days.days, other=others.days)
    threshold = counting_rules().group_threshold
    given = totals.reception.group_threshold or threshold
    before = other.reception.group_threshold or threshold
    if given != before:
        yield finding("W01-threshold", "comparison", given=f"{given:02}", other=f"{before:02}")
