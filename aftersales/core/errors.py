"""The domain errors. Services raise them; each door has one place that turns them into an answer.

Refusal            what every one of them is: a translated sentence, a stable code, perhaps a field
├─ Invalid         the input is wrong: 422 in the API, the field's error on a page
├─ NotAllowed      not in this state, not by this person: 409 or 403
├─ Stale           someone else was faster: 409 on a page, 412 in the API
└─ Missing         not there, or not yours: 404
"""


class Refusal(Exception):
    """Why something was not done, in the reader's words.

    `code` is stable and never translated; `field` is a dotted path into the input ("customer.phone") or empty;
    `rule` is the id of the rule that was kept ("R68") or empty.
    """

    status = 409
    code = "refused"

    def __init__(self, message: str, *, code: str = "", field: str = "", rule: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.rule = rule


class Invalid(Refusal):
    """The input is wrong; `errors` holds every field's messages at once: [(field, code, message)]."""

    status = 422
    code = "invalid"

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        field: str = "",
        rule: str = "",
        errors: list[tuple[str, str, str]] | None = None,
    ) -> None:
        self.errors = errors or [(field, code or self.code, message)]
        super().__init__(message or self.errors[0][2], code=code, field=field, rule=rule)


class NotAllowed(Refusal):
    """Not in this state."""

    code = "not_allowed"


class Forbidden(Refusal):
    """Not by this person."""

    status = 403
    code = "forbidden"


class Stale(Refusal):
    """The thing changed since it was read; nothing was saved."""

    code = "stale"


class Missing(Refusal):
    """Not there, or not the asker's to see."""

    status = 404
    code = "not_found"
