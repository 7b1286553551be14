"""Who should go when: suggestions for one visit, and a plan for many. Pure arithmetic; `data` brings it the database.

    suggest(job, workers, now, terms=terms)      the best technicians and times for one visit
    plan(jobs, workers, now, terms=terms)        a proposal for all of them; nothing is booked by it

Whoever plans in another way takes the place of `plan` behind the type Planner: `solver`, where PyVRP is installed.
"""

from visits.planning import solver
from visits.planning.insertion import plan as plan_by_insertion
from visits.planning.model import Booking, Job, Left, Plan, Planner, Proposal, Reason, Terms, Window, Worker
from visits.planning.suggest import suggest

plan: Planner = solver.plan if solver.available() else plan_by_insertion

__all__ = [
    "Booking",
    "Job",
    "Left",
    "Plan",
    "Planner",
    "Proposal",
    "Reason",
    "Terms",
    "Window",
    "Worker",
    "plan",
    "suggest",
]
