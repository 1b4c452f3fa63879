"""How well every evaluator agrees with the people who labelled this project's runs."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from masthead.api.routes.taken import Viewer, With
from masthead.api.schema.agreement import Agreement, AgreementQuery, Shipped
from masthead.detect.registry import entries, measurements
from masthead.judge.people import contested, measure_detectors, measure_others
from masthead.judge.people_scores import material_of, people_and_judges

router = APIRouter(tags=["agreement"])
MOST_LABELS: Final = 50_000
"""How many verdicts of people are read, the latest ones."""


@router.get("/agreement")
def get_agreement(services: With, caller: Viewer, query: Annotated[AgreementQuery, Query()]) -> Agreement:
    """Hold every evaluator against people: kappa with intervals, confusion, reliability, contested items."""
    store, project = services.store, caller.project_id
    material, is_cut = material_of(store, project, most_labels=MOST_LABELS)
    others = people_and_judges(store.evaluators(project))
    return Agreement.of(
        material=material,
        people=[name for name, source in others.items() if source == "human"],
        measured=[*measure_detectors(material), *measure_others(material, others)],
        contested=contested(material, evaluator=query.evaluator, code=query.code),
        shipped=Shipped.of(measurements(), entries()),
        is_cut=is_cut,
    )
