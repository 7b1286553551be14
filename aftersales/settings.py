"""Everything that differs between two installations, read from the environment; a bad value stops the start.

`make run` sets these variables for a laptop; docs/operations.md lists them for a server.
"""

from pathlib import Path

import environ
import structlog
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from aftersales.core import senders

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()  # NAME_FILE is read where NAME is absent: container secrets

VERSION = "0.1.0"
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY must be set to at least 32 random characters.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)  # behind a proxy that ends TLS
PROXY_COUNT = env.int("PROXY_COUNT", default=0)  # trusted proxies in front: whose X-Forwarded-For counts
HOME = Path(env.str("AFTERSALES_HOME", default=str(BASE_DIR / "var"))).resolve()
PORT = env.int("PORT", default=8000)  # of the web process, whose pages the events process lets in
EVENTS_PORT = env.int("EVENTS_PORT", default=0)  # 0: the proxy serves /events/ on the same port
EVENTS_RECHECK_SECONDS = env.float("EVENTS_RECHECK_SECONDS", default=30.0)  # is the session of a stream still good?
DEMO_ALLOWED = env.bool("DEMO_ALLOWED", default=DEBUG)  # demo accounts have a known password

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "axes",
    "csp",
    "django_htmx",
    "template_partials",
    "pgtrigger",
    "django_fsm",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "aftersales.core",
    "aftersales.accounts",
    "aftersales.customers",
    "tickets",
    "tickets.sla",
    "visits",
    "complaints",
    "archives",
    "aftersales.dashboard",
]

MIDDLEWARE = [
    "aftersales.core.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "aftersales.core.middleware.PageSessionMiddleware",
    "aftersales.core.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "aftersales.core.middleware.PageUserMiddleware",
    "aftersales.core.middleware.PageMessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "aftersales.core.middleware.ContentPolicyMiddleware",
    "aftersales.core.middleware.EventsPortMiddleware",
    "aftersales.core.middleware.PageHtmxMiddleware",
    "aftersales.core.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "aftersales.urls"
WSGI_APPLICATION = "aftersales.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "aftersales.core.context.page",
                "tickets.context.desk",
            ]
        },
    }
]

# ── PostgreSQL, the only truth ──────────────────────────────────────────────────────────────────
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL"),
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "TEST": {"TEMPLATE": "template0"},
    }
}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must be a postgresql:// address.")
DATABASES["default"]["ENGINE"] = "aftersales.core.postgresql"
STATEMENT_TIMEOUT_MS = env.int("STATEMENT_TIMEOUT_MS", default=5000)  # a client that hung up frees its thread
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout=4000 -c idle_in_transaction_session_timeout=60000"
)

# ── Celery over Redis: latency only, nothing that cannot be lost ────────────────────────────────
REDIS_URL = env.str("REDIS_URL")
CELERY = {
    "broker_url": REDIS_URL,
    "result_backend": None,
    "task_ignore_result": True,
    "broker_transport_options": {
        "visibility_timeout": 300,  # above the hard time limit, or a task runs twice at once
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "retry_on_timeout": True,
        "global_keyprefix": "aftersales:",
    },
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_connection_timeout": 3,
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,  # acks_late alone loses the task of a killed child
    "task_acks_on_failure_or_timeout": True,
    "task_time_limit": 120,
    "task_soft_time_limit": 90,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "worker_max_tasks_per_child": 5000,
    "worker_max_memory_per_child": 400_000,
    "worker_hijack_root_logger": False,
    "task_publish_retry_policy": {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5},
    "task_default_queue": "default",
    "task_queues": {name: {"exchange": name, "routing_key": name} for name in ("sla", "default", "pdf")},
    "task_routes": {
        "tickets.sla.tasks.apply_policy": {"queue": "default"},  # it may take a while: the sweep does not wait for it
        "tickets.sla.tasks.*": {"queue": "sla"},
        "visits.tasks.render_paper": {"queue": "pdf"},
        "complaints.tasks.render_letters": {"queue": "pdf"},
        "complaints.tasks.render_report": {"queue": "pdf"},
    },
    "beat_scheduler": "aftersales.core.bell:Bell",
    "beat_max_loop_interval": 0.25,
    "beat_schedule": {
        "sweep": {"task": "tickets.sla.tasks.sweep", "schedule": 0.25},
        # Through each queue: that beat lives and that the queue is served is shown by the same task.
        **{
            f"heartbeat-{queue}": {
                "task": "tickets.tasks.beat_heartbeat",
                "schedule": 5.0,
                "options": {"queue": queue},
            }
            for queue in ("sla", "default", "pdf")
        },
        "purge": {"task": "tickets.tasks.purge", "schedule": crontab(hour=19, minute=30)},  # at night in China
        "generate_reports": {"task": "complaints.tasks.generate_reports", "schedule": crontab(minute=40)},
        "renew_holidays": {"task": "tickets.tasks.renew_holidays", "schedule": crontab(hour=18, minute=30)},
        "plan_calls": {"task": "complaints.tasks.plan_calls", "schedule": crontab(hour=22, minute=30)},  # China: 06:30
    },
    "timezone": "UTC",
}
SWEEP_SILENCE_SECONDS = env.float("SWEEP_SILENCE_SECONDS", default=3.0)  # then a worker sweeps by itself

# ── People ──────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "aftersales.accounts.views.locked_out"
AXES_IPWARE_PROXY_COUNT = PROXY_COUNT
AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"] if PROXY_COUNT else ["REMOTE_ADDR"]
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "aftersales.core.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],  # EventsPortMiddleware adds the port of the events process
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MAX_BODY_BYTES = 11 * 1024 * 1024  # a photograph of 10 MB; more is refused with 413 before it is read
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")  # empty: /metrics answers the loopback only

# ── Words ───────────────────────────────────────────────────────────────────────────────────────
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]  # each names itself
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True
REPEAT_REPAIR_DAYS = env.int("REPEAT_REPAIR_DAYS", default=90)  # R17, where no fault codes tell
REPEAT_COMPLAINT_DAYS = env.int("REPEAT_COMPLAINT_DAYS", default=90)  # the same cause again
UPHELD_COMPLAINTS_AIM_PERCENT = env.float("UPHELD_COMPLAINTS_AIM_PERCENT", default=1.0)  # R50: of visits, below
CALLBACKS_AIM_PERCENT = env.float("CALLBACKS_AIM_PERCENT", default=100.0)  # R50: of those owed, at least
DEFAULT_PHONE_REGION = env.str("DEFAULT_PHONE_REGION", default="CN")
COMPANY = env.str("COMPANY", default="Aftersales")  # the mark on forms
COMPANY_CONTACT = env.str("COMPANY_CONTACT", default="")  # the contact line on forms: hotline, address
CURRENCY = env.str("CURRENCY", default="CNY")  # ISO 4217: in which prices and charges are
PUBLIC_URL = env.str("PUBLIC_URL", default="")  # where a form's QR code leads to; empty: the path alone

# ── Notices that leave the house; without an address they are written to the log ────────────────
EMAIL_SERVER = senders.smtp(env.str("EMAIL_URL", default=""))  # smtp+tls://user:password@host:587
EMAIL_FROM = senders.from_address(env.str("EMAIL_FROM", default=""), needed=bool(EMAIL_SERVER))
SMS_GATEWAY_URL = senders.gateway("SMS_GATEWAY_URL", env.str("SMS_GATEWAY_URL", default=""))
SMS_GATEWAY_TOKEN = senders.token("SMS_GATEWAY_TOKEN", env.str("SMS_GATEWAY_TOKEN", default=""))
WECHAT_GATEWAY_URL = senders.gateway("WECHAT_GATEWAY_URL", env.str("WECHAT_GATEWAY_URL", default=""))
WECHAT_GATEWAY_TOKEN = senders.token("WECHAT_GATEWAY_TOKEN", env.str("WECHAT_GATEWAY_TOKEN", default=""))

# ── Files ───────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = HOME / "media"  # reached through views that ask who you are, never by address
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATICFILES_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

# ── API ─────────────────────────────────────────────────────────────────────────────────────────
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["aftersales.accounts.authentication.PartnerKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["aftersales.accounts.authentication.IsPartner"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "aftersales.core.schema.Described",
    "EXCEPTION_HANDLER": "aftersales.core.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Aftersales API",
    "DESCRIPTION": "Register tickets and follow or work them to their end. Guide: docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "TAGS": [
        {"name": "tickets", "description": "Register, follow, read."},
        {"name": "actions", "description": "What a service desk does with a ticket, one address a verb."},
        {"name": "visits", "description": "Appointments, visits, the service sheet."},
        {"name": "callbacks", "description": "The calls owed after a visit."},
        {"name": "surveys", "description": "What customers are asked after a visit, and what they say."},
        {"name": "policies", "description": "What is promised to everybody, and changing it."},
        {"name": "lists", "description": "Codes with their names in the reader's language."},
    ],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "aftersales.core.schema.strict_bodies",
    ],
    "ENUM_NAME_OVERRIDES": {
        "State": "tickets.states.State",
        "Kind": "tickets.states.Kind",
        "Channel": "tickets.states.Channel",
        "Grade": "tickets.states.Grade",
        "WaitingFor": "tickets.states.WaitingFor",
        "EventKind": "tickets.states.EventKind",
        "Target": "tickets.sla.states.Target",
        "ClockState": "tickets.sla.states.ClockState",
        "ProductLine": "aftersales.customers.models.ProductModel.Line",
        "Level": "tickets.sla.states.Level",
        "OnChange": "tickets.sla.states.OnChange",
        "Apply": "tickets.sla.models.PolicyChange.Apply",
        "Effect": "tickets.sla.preview.Effect",
        "VisitState": "visits.states.VisitState",
        "WarrantyOutcome": "visits.forms_warranty.OUTCOMES",
        "SheetState": "visits.states.SheetState",
        "PauseReason": "visits.states_work.PauseReason",
        "PaymentMethod": "visits.states_work.PaymentMethod",
        "Permission": "visits.states_work.Permission",
        "RemoteResult": "visits.states_work.RemoteResult",
        "CallbackState": "complaints.states_callback.CallbackState",
        "Outcome": "complaints.states_callback.Outcome",
        "SurveyState": "complaints.states_survey.SurveyState",
        "SurveyHow": "complaints.states_survey.How",
        "SurveyMail": "complaints.states_survey.Mail",
        "ComplaintState": "complaints.states.ComplaintState",
        "ComplaintClass": "tickets.states.ComplaintClass",
        "Against": "complaints.states.Against",
        "Remedy": "complaints.states.Remedy",
        "Verdict": "complaints.states.Verdict",
        "Cause": "complaints.states.Cause",
        "CallbackKind": "complaints.states_callback.CallbackKind",
    },
}

# ── Checks and logs ─────────────────────────────────────────────────────────────────────────────
SILENCED_SYSTEM_CHECKS: list[str] = (
    [] if HTTPS else ["security.W004", "security.W008", "security.W012", "security.W016"]
)
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "axes": {"level": "WARNING"},
        "celery": {"level": "WARNING"},
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
