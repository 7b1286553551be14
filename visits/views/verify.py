"""The page that verifies a paper: open to whoever holds it, and telling nothing that does not stand on it."""

from __future__ import annotations

import time
from collections import OrderedDict

from axes.helpers import get_client_ip_address
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from visits.forms_paper import CodeForm
from visits.models import Paper
from visits.models.paper import CODE_LENGTH

PER_MINUTE = 30  # looks from one address; a code has eighty bits, this only keeps the noise down
MOST_ADDRESSES = 10_000
_looks: OrderedDict[str, tuple[int, int]] = OrderedDict()  # address → minute, looks in it; of this process


@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the code that stands beside the QR mark, where no camera is at hand."""
    if "code" not in request.GET:
        return render(request, "visits/verify.html", {"form": CodeForm()})
    form = CodeForm(request.GET)
    if not form.is_valid():
        return render(request, "visits/verify.html", {"form": form}, status=422)
    code = _typed(form.cleaned_data["code"])
    if len(code) != CODE_LENGTH:
        form.add_error("code", _("A code has %(length)d letters and digits.") % {"length": CODE_LENGTH})
        return render(request, "visits/verify.html", {"form": form}, status=422)
    return redirect("verify_paper", code=code)


@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Tell whether the paper is ours and as it stands; of its content only number, version, day and check sum."""
    if _too_often(request):
        answer = render(request, "visits/verify.html", {"form": CodeForm(), "too_often": True}, status=429)
        answer["Retry-After"] = "60"
        return answer
    typed = _typed(code)
    if typed != code and len(typed) == CODE_LENGTH:
        return redirect(reverse("verify_paper", args=[typed]))
    paper = None
    if len(typed) == CODE_LENGTH:
        shown = ("kind", "number", "version", "current", "created_at", "content_sha256")
        paper = Paper.objects.filter(code=typed).only(*shown).first()
    if paper is None:
        return render(request, "visits/verify.html", {"form": CodeForm(), "unknown": True}, status=404)
    newer = None
    if not paper.current:
        same = Paper.objects.filter(number=paper.number, kind=paper.kind, current=True)
        newer = same.values_list("version", flat=True).first()
    return render(request, "visits/verify.html", {"paper": paper, "newer": newer})


def _typed(code: str) -> str:
    """The code without what people put between its letters."""
    return "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())


def _too_often(request: HttpRequest) -> bool:
    """Count this look; the oldest addresses are forgotten, so that many of them fill no memory."""
    address = get_client_ip_address(request) or ""
    minute = int(time.monotonic() // 60)
    last, looks = _looks.pop(address, (minute, 0))
    looks = looks + 1 if last == minute else 1
    _looks[address] = (minute, looks)
    while len(_looks) > MOST_ADDRESSES:
        _looks.popitem(last=False)
    return looks > PER_MINUTE


def forget_looks() -> None:
    """Begin counting anew."""
    _looks.clear()
