"""What must hold afterwards, whatever was killed meanwhile: read from the database, compared with the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.faults.house import House


@dataclass
class Findings:
    """How much there was, and how late the latest call came; lateness is allowed, an omission is not.

    What was owed from the beginning (`House.owe`) is not counted as late.
    """

    acknowledged: int
    due: int
    latest_seconds: float


def check(house: House, acknowledged: list[dict[str, Any]]) -> Findings:
    """Wait until nothing is due any more, then compare. Each assertion names the offenders.

    A sweep looks at all that is due once in half a minute: until then it waits for what was written into the past.
    """
    soon = "1 minute" if acknowledged else "0"  # of the load's short promises: none falls due while we compare
    house.until(lambda: house.one(_UNFIRED.format(soon=soon)) == 0, "calling what was due")
    found = dict(house.rows("SELECT number, count(*) FROM tickets_ticket GROUP BY number"))
    lost = [line for line in acknowledged if found.get(line["number"]) != 1]
    assert not lost, f"acknowledged and not there: {lost}"
    twice = house.rows(
        "SELECT external_id, count(*) FROM tickets_ticket WHERE external_id <> '' GROUP BY 1 HAVING count(*) > 1"
    )
    assert not twice, f"a partner's request registered twice: {twice}"
    _compare_with_journal(house, acknowledged)
    for what, sql in _NEVER.items():
        offenders = house.rows(sql)
        assert not offenders, f"{what}: {offenders[:5]} and {len(offenders)} in all"
    # Every cache of every clock, reckoned again from what happened to it.
    told = house.manage("clocks", "rebuild", "--check").strip()
    assert told == f"{house.one('SELECT count(*) FROM sla_clock')} clocks, 0 differences", told
    due, latest = house.rows(_LATENESS)[0]
    return Findings(len(acknowledged), due, float(latest or 0))


def _compare_with_journal(house: House, acknowledged: list[dict[str, Any]]) -> None:
    """What the load wrote down by itself: when each promise ended, or when each of its steps came."""
    meant = {line["number"]: line for line in acknowledged if line.keys() & {"due", "steps"}}
    found: dict[str, dict[str, list[datetime]]] = {number: {} for number in meant}
    for number, step, at in house.rows(_FIRED):
        if number in meant:
            found[number].setdefault(step, []).append(at)
    met = dict(house.rows(_MET))
    wrong = []
    for number, line in meant.items():
        if "steps" in line:
            good = found[number] == {step: [datetime.fromisoformat(at)] for step, at in line["steps"].items()}
        else:
            due = datetime.fromisoformat(line["due"])
            good = found[number].get("due", []) == ([] if number in met and met[number] <= due else [due])
        if not good:
            wrong.append((line, found[number], met.get(number)))
    assert not wrong, f"steps other than promised: {wrong[:5]} and {len(wrong)} in all"


_UNFIRED = "SELECT count(*) FROM sla_clock WHERE next_fire_at <= clock_timestamp() + interval '{soon}'"
_LATENESS = """
SELECT count(*), EXTRACT(EPOCH FROM max(f.fired_at - f.due_at) FILTER (WHERE t.number NOT LIKE 'B%'))
FROM sla_firing f JOIN sla_clock c ON c.id = f.clock_id JOIN tickets_ticket t ON t.id = c.ticket_id"""
_FIRED = """
SELECT t.number, f.step, f.due_at FROM sla_firing f JOIN sla_clock c ON c.id = f.clock_id
    JOIN tickets_ticket t ON t.id = c.ticket_id WHERE c.target = 'response' AND f.step NOT LIKE '%#%'"""
_MET = """
SELECT t.number, c.met_at FROM sla_clock c JOIN tickets_ticket t ON t.id = c.ticket_id
WHERE c.target = 'response' AND c.met_at IS NOT NULL"""
# A boundary's warning passes without a word when all is well (ADR 0016).
_PASSED = """(f.event_id IS NULL AND f.step LIKE 'warn%' AND EXISTS (
    SELECT 1 FROM sla_clock b WHERE b.id = f.clock_id AND b.target IN ('cancellation_notice', 'no_show')))"""
_NEVER = {
    "due, but never called": """
        SELECT id FROM sla_clock WHERE breached_at IS NULL AND state = 'running'
            AND due_at < clock_timestamp() - interval '5 seconds'""",
    "met too late, but never called": """
        SELECT id FROM sla_clock WHERE met_at > due_at AND breached_at IS NULL""",
    # What moved a promise after it was broken leaves the breach where it was.
    "dated otherwise than when it fell due": """
        SELECT c.id, c.due_at, c.breached_at FROM sla_clock c WHERE c.breached_at <> c.due_at AND NOT EXISTS (
            SELECT 1 FROM sla_segment s WHERE s.clock_id = c.id AND s.kind IN ('extend', 'resume', 'restart')
                AND s.at >= c.breached_at)""",
    "noted with another time": """
        SELECT c.id FROM sla_clock c JOIN sla_firing f ON f.clock_id = c.id AND f.step = 'due'
        GROUP BY c.id, c.breached_at HAVING min(f.due_at) IS DISTINCT FROM c.breached_at""",
    "a step set off that is not the clock's next": """
        SELECT c.id, c.step, count(f.id) FROM sla_clock c JOIN sla_firing f ON f.clock_id = c.id AND f.round = c.round
        GROUP BY c.id HAVING c.step <> count(f.id) + COALESCE((SELECT (s.data->>'step')::int FROM sla_segment s
            WHERE s.clock_id = c.id AND (s.data->>'round')::int = c.round), 0)""",
    "steps out of order": """
        SELECT clock_id FROM (SELECT clock_id, due_at,
            lag(due_at) OVER (PARTITION BY clock_id, round ORDER BY id) AS one FROM sla_firing) f WHERE due_at < one""",
    "a step without its entry, or an entry without its step": f"""
        SELECT f.id, e.id FROM (SELECT * FROM sla_firing f WHERE NOT {_PASSED}) f FULL JOIN
            (SELECT * FROM tickets_event WHERE kind IN ('clock.warned', 'clock.breached', 'clock.escalated')) e
            ON e.id = f.event_id WHERE f.id IS NULL OR e.id IS NULL OR e.at <> f.due_at""",
    "called before it was due": """
        SELECT clock_id FROM sla_firing WHERE fired_at < due_at""",
    "broken without exactly one firing": """
        SELECT c.id, count(f.id) FROM sla_clock c LEFT JOIN sla_firing f
            ON f.clock_id = c.id AND f.step = 'due' AND f.due_at = c.breached_at
        WHERE c.breached_at IS NOT NULL GROUP BY c.id HAVING count(f.id) <> 1""",
    "broken without exactly one timeline entry of that time": """
        SELECT c.id, count(e.id) FROM sla_clock c LEFT JOIN tickets_event e
            ON e.kind = 'clock.breached' AND (e.data->>'clock')::bigint = c.id AND e.at = c.breached_at
        WHERE c.breached_at IS NOT NULL GROUP BY c.id HAVING count(e.id) <> 1""",
    "told of a breach that was not": """
        SELECT e.id FROM tickets_event e JOIN sla_clock c ON c.id = (e.data->>'clock')::bigint
        WHERE e.kind = 'clock.breached' AND c.breached_at IS NULL""",
    "nobody was told": """
        SELECT e.id FROM tickets_event e WHERE e.kind IN ('clock.warned', 'clock.breached', 'clock.escalated')
            AND NOT EXISTS (SELECT 1 FROM tickets_notice n WHERE n.event_id = e.id)""",
    # Where the promise was never moved to another policy, whose levels these are. Who broke it himself at that moment,
    # by calling a visit off or by deciding whose fault it was, is not told of it.
    "somebody of a level was not told": f"""
        SELECT f.id, level FROM sla_firing f JOIN sla_clock c ON c.id = f.clock_id
            JOIN sla_policy p ON p.id = c.policy_id,
            jsonb_array_elements_text(p.steps -> (CASE WHEN f.step = 'due' THEN c.due_step
                WHEN f.step LIKE 'warn%' THEN split_part(f.step, '-', 2)::int - 1
                ELSE c.due_step + split_part(split_part(f.step, '-', 2), '#', 1)::int END) -> 'tell') AS level
        WHERE NOT EXISTS (SELECT 1 FROM sla_segment s WHERE s.clock_id = c.id AND s.kind IN ('restart', 'rejudge'))
            AND NOT {_PASSED}
            AND NOT (f.step = 'due' AND c.target IN ('cancellation_notice', 'no_show') AND EXISTS (
                SELECT 1 FROM tickets_event d JOIN accounts_user u ON u.id = d.user_id
                WHERE d.ticket_id = c.ticket_id AND d.at = f.fired_at AND u.role = level))
            AND NOT EXISTS (SELECT 1 FROM tickets_notice n JOIN accounts_user u ON u.id = n.recipient_id
                WHERE n.event_id = f.event_id AND n.channel = 'inbox'
                AND (level = 'owner' OR u.role = 'manager' OR u.role = level))""",
    "told twice": """
        SELECT event_id, recipient_id, count(*) FROM tickets_notice
        WHERE channel = 'inbox' GROUP BY 1, 2 HAVING count(*) > 1""",
    "a notice that nobody outside got": """
        SELECT id, state, last_error FROM tickets_notice WHERE channel <> 'inbox' AND (state = 'failed'
            OR state IN ('queued', 'in_flight') AND next_attempt_at < clock_timestamp() - interval '1 minute')""",
    "work that no worker did": """
        SELECT id, task, failures, last_error FROM tickets_outboxmessage WHERE failures > 0""",
    "a transaction left open": """
        SELECT pid FROM pg_stat_activity WHERE datname = current_database()
            AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '5 seconds'""",
}
