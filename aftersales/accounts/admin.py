"""The administrator's pages for people, teams, regions, partners and their keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminSplitDateTime
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from aftersales.accounts import services
from aftersales.accounts.forms import BROWSER
from aftersales.accounts.models import Absence, Duty, Partner, PartnerKey, Region, Team, User
from aftersales.accounts.roles import NoticeChannel, Scope


def enter(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """One sign-in for the whole house; whoever is signed in without this role reads why not."""
    if request.user.is_authenticated:
        if not request.user.is_staff:
            raise PermissionDenied
        return redirect("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': request.GET.get('next') or reverse('admin:index')})}")


admin.site.login = enter  # type: ignore[method-assign]
admin.site.site_header = admin.site.site_title = _("Administration")
admin.site.index_title = _("What may be set up")


class _UserFields(forms.ModelForm):
    language = forms.ChoiceField(label=_("language"), required=False, choices=[*BROWSER, *settings.LANGUAGES])
    channels = forms.MultipleChoiceField(
        label=_("notices also by"), required=False, choices=NoticeChannel.choices, widget=forms.CheckboxSelectMultiple
    )


class NewUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "name", "role", "team")


class UserForm(UserChangeForm, _UserFields):
    class Meta:
        model = User
        fields = (
            "username",
            "password",
            "name",
            "role",
            "team",
            "email",
            "phone",
            "wechat",
            "language",
            "channels",
            "is_active",
        )


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    form = UserForm
    add_form = NewUserForm
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        (_("Work"), {"fields": ("name", "role", "team")}),
        (_("Contact"), {"fields": ("email", "phone", "wechat", "language", "channels")}),
        (_("Dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "name", "role", "team", "usable_password", "password1", "password2")}),
    )
    readonly_fields = ("last_login", "created_at")
    list_display = ("username", "name", "role", "team", "is_active", "last_login")
    list_filter = ("role", "team", "is_active")
    list_select_related = ("team",)
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    filter_horizontal = ()

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever has worked here stays on the timeline: people are made inactive, never deleted."""
        return False


@admin.register(Region)
class RegionAdmin(admin.ModelAdmin):
    list_display = ("code", "name_en", "name_zh_hans", "name_zh_hant", "is_home", "zone", "phone_region")
    list_filter = ("is_home",)
    search_fields = ("code", "name_en", "name_zh_hans", "name_zh_hant")


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ("code", "name_en", "name_zh_hans", "name_zh_hant", "supervisor")
    list_select_related = ("supervisor",)
    search_fields = ("code", "name_en", "name_zh_hans", "name_zh_hant")
    autocomplete_fields = ("supervisor",)
    filter_horizontal = ("regions",)


class _ReadOnly(admin.ModelAdmin):
    """To look at: what is entered on the pages of the duty plan is checked there, for rings above all."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Absence)
class AbsenceAdmin(_ReadOnly):
    list_display = ("user", "starts_at", "ends_at", "deputy", "made_by")
    list_select_related = ("user", "deputy", "made_by")
    search_fields = ("user__name", "user__username")
    date_hierarchy = "starts_at"


@admin.register(Duty)
class DutyAdmin(_ReadOnly):
    list_display = ("date", "role", "team", "user", "made_by")
    list_filter = ("role", "team")
    list_select_related = ("team", "user", "made_by")
    date_hierarchy = "date"


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "team", "is_active", "created_at")
    list_filter = ("is_active",)
    list_select_related = ("team",)
    search_fields = ("code", "name")

    def has_delete_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False


class NewKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.READ, Scope.CREATE],
    )
    expires_at = forms.SplitDateTimeField(
        label=_("expires"),
        required=False,
        widget=AdminSplitDateTime,
        help_text=_("Empty: in a year."),
    )

    class Meta:
        model = PartnerKey
        fields = ("partner", "label", "scopes", "expires_at")


@admin.register(PartnerKey)
class PartnerKeyAdmin(admin.ModelAdmin):
    """Keys are issued and revoked, never changed; the secret is shown in one answer and kept nowhere."""

    form = NewKeyForm
    list_display = ("prefix", "partner", "label", "scopes", "expires_at", "revoked_at", "last_used_at")
    list_filter = ("partner",)
    list_select_related = ("partner",)
    search_fields = ("prefix", "label", "partner__name")
    actions = ("revoke",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def has_change_permission(self, request: HttpRequest, obj: PartnerKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: PartnerKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PartnerKey, form: Any, change: bool) -> None:
        key, secret = services.issue_key(
            obj.partner,
            scopes=form.cleaned_data["scopes"],
            label=obj.label,
            expires_at=form.cleaned_data["expires_at"],
        )
        obj.pk, obj.prefix, obj.expires_at = key.pk, key.prefix, key.expires_at
        request.issued_secret = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: PartnerKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret now: a redirect would have to keep it somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Key of %(partner)s") % {"partner": obj.partner},
            "key": obj,
            "secret": request.issued_secret,  # type: ignore[attr-defined]
            "opts": self.opts,
        }
        return TemplateResponse(request, "accounts/key_issued.html", context)

    @admin.action(description=_("Revoke the chosen keys"))
    def revoke(self, request: HttpRequest, keys: QuerySet[PartnerKey]) -> None:
        for key in keys:
            services.revoke_key(key)
        messages.success(request, _("The chosen keys no longer work."))
