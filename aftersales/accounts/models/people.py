"""Staff, roles, teams, regions; partner organisations and their keys."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from aftersales.accounts.named import Named
from aftersales.accounts.roles import LEADERS, NoticeChannel, Role, Scope


class Region(Named):
    """A part of the country with its own teams; a home region is promised a shorter way (R22)."""

    is_home = models.BooleanField(_("home region"), default=False)
    zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    phone_region = models.CharField(_("telephone country"), max_length=2, default="CN")

    class Meta(Named.Meta):
        verbose_name = _("region")
        verbose_name_plural = _("regions")


class Team(Named):
    """People who work under one supervisor."""

    supervisor = models.ForeignKey(
        "User", models.SET_NULL, null=True, blank=True, related_name="supervised_teams", verbose_name=_("supervisor")
    )
    regions = models.ManyToManyField(Region, related_name="teams", blank=True, verbose_name=_("regions"))

    class Meta(Named.Meta):
        verbose_name = _("team")
        verbose_name_plural = _("teams")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(username, password, **{"role": Role.ADMIN, "name": username, **fields})


class User(AbstractBaseUser):
    """A person who works here, with exactly one role."""

    username = models.CharField(
        _("user name"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("This user name is taken.")},
    )
    name = models.CharField(_("name"), max_length=80)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="members", verbose_name=_("team")
    )
    language = models.CharField(_("language"), max_length=10, blank=True, help_text=_("Empty: as the browser asks."))
    # How a person is reached outside the inbox, and when not: notices that may wait do so until the quiet hours end.
    channels = ArrayField(
        models.CharField(max_length=10, choices=NoticeChannel),
        verbose_name=_("notices also by"),
        default=list,
        blank=True,
    )
    wechat = models.CharField(_("WeChat Work account"), max_length=64, blank=True)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)  # local time of the installation
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known")]
        indexes: ClassVar = [  # the last to be told, among thousands of colleagues
            models.Index(fields=["id"], condition=models.Q(role=Role.MANAGER, is_active=True), name="user_managers")
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def leads(self) -> bool:
        """Whether this person sees and may do what leaders do."""
        return self.role in LEADERS

    # Django's admin serves the administrator alone.
    @property
    def is_staff(self) -> bool:
        return self.is_active and self.role == Role.ADMIN

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    def has_perm(self, _perm: str, _obj: object = None) -> bool:
        return self.is_staff

    def has_perms(self, _perms: list[str], _obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, _label: str) -> bool:
        return self.is_staff


class Partner(models.Model):
    """An organisation whose system registers tickets here and sees only its own."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="partners",
        verbose_name=_("team"),
        help_text=_("The team whose supervisor hears of this partner's broken promises."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PartnerKey(models.Model):
    """A key of a partner's system: shown once, stored as a hash, limited in scope and time."""

    partner = models.ForeignKey(Partner, models.CASCADE, related_name="keys", verbose_name=_("partner"))
    label = models.CharField(_("label"), max_length=80, blank=True)
    prefix = models.CharField(_("prefix"), max_length=16, unique=True, editable=False)
    digest = models.CharField(
        max_length=64, unique=True, editable=False
    )  # SHA-256, hexadecimal: the secret has 200 bits
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), verbose_name=_("scopes"))
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("partner key")
        verbose_name_plural = _("partner keys")

    def __str__(self) -> str:
        return f"{self.partner} {self.prefix}"


class IdempotencyKey(models.Model):
    """What a partner's create answered, so that the same request sent again gets the same answer."""

    partner = models.ForeignKey(Partner, models.CASCADE, db_index=False)
    key = models.CharField(max_length=100)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of method, path and body
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
