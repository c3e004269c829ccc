"""All settings, in one file. What differs between machines comes through `config.env`."""

from __future__ import annotations

import sys
from typing import Any

import dj_database_url
from celery.schedules import crontab
from django.templatetags.static import static

from config import env

BASE_DIR = env.ROOT
VAR = env.folder("GATEHOUSE_VAR", env.VAR)

# secrets and hosts

SECRET_KEY = env.secret("SECRET_KEY")
SECRETS_KEYS = env.encryption_keys()
DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
METRICS_TOKEN = env.text("METRICS_TOKEN")

HTTPS = env.flag("HTTPS")
"""Set it where a proxy speaks TLS for us: browsers are then sent to https and keep cookies to it."""
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# applications

RUNSERVER = ["daphne"] if sys.argv[1:2] == ["runserver"] else []
"""daphne brings `runserver` and with it all of Twisted: a second of start and memory that no other process needs."""

INSTALLED_APPS = [
    *RUNSERVER,
    "unfold",  # before the admin, whose pages and site it replaces
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_prometheus",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "llm",
    "analytics",
    "conversations",
    "prompts",
    "webhooks",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.policy.PagePolicy",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
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
            ]
        },
    }
]

# database

DATABASE_URL = env.address("DATABASE_URL", ("postgres", "postgresql", "sqlite"))


def _database() -> dict[str, Any]:
    if not DATABASE_URL:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR / "gatehouse.sqlite3",
            "TEST": {"NAME": VAR / "test.sqlite3"},  # a file locks as in production, memory does not
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    database: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL, conn_max_age=0))
    if database["ENGINE"] == "django.db.backends.postgresql":
        database["OPTIONS"] = {
            **database.get("OPTIONS", {}),
            "connect_timeout": 3,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "pool": {"min_size": 1, "max_size": 16, "timeout": 5},
        }
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis, Celery, channels

REDIS = ("redis", "rediss", "unix")
REDIS_URL = env.address("REDIS_URL", REDIS)
CACHE_REDIS_URL = env.address("CACHE_REDIS_URL", REDIS, REDIS_URL)
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": CACHE_REDIS_URL}
    if CACHE_REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}
CELERY_BROKER_URL = env.address(
    "CELERY_BROKER_URL", (*REDIS, "amqp", "amqps", "filesystem"), REDIS_URL or "filesystem://localhost"
)
CELERY_RESULT_BACKEND = env.address("CELERY_RESULT_BACKEND", (*REDIS, "rpc", "file")) or None
CELERY_RESULT_EXPIRES = 3600
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat")
CELERY_BEAT_SCHEDULE = {
    "partitions": {"task": "analytics.tasks.ensure_partitions", "schedule": crontab(hour="1", minute="10")},
    "bodies": {"task": "analytics.tasks.prune_bodies", "schedule": crontab(hour="2", minute="10")},
    "conversations": {
        "task": "conversations.tasks.prune_conversations",
        "schedule": crontab(hour="2", minute="40"),
    },
    "claims": {"task": "llm.tasks.prune_claims", "schedule": crontab(minute="20")},
    "records": {"task": "analytics.tasks.prune_records", "schedule": crontab(hour="3", minute="10")},
    "webhooks": {"task": "webhooks.tasks.sweep", "schedule": crontab(), "options": {"expires": 60}},
    "deliveries": {"task": "webhooks.tasks.prune_deliveries", "schedule": crontab(hour="3", minute="40")},
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker = env.folder("CELERY_FOLDER", VAR / "broker")
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker),
        "data_folder_out": str(_broker),
        "control_folder": str(_broker / "control"),
        "polling_interval": 0.25,
    }

# the gateway

DEFAULT_LLM_MODEL = env.text("DEFAULT_LLM_MODEL")
DEFAULT_TEMPERATURE = env.decimal("DEFAULT_TEMPERATURE", 0.7, most=2)
DEFAULT_MAX_TOKENS = env.integer("DEFAULT_MAX_TOKENS", 1024, least=1)
RESERVE_MAX_TOKENS = env.integer("RESERVE_MAX_TOKENS", 4096, least=1)
"""How long an answer on which a hard budget hangs may be where caller, key and model name no bound."""
CACHE_TTL = env.integer("CACHE_TTL", 3600)
ALLOWED_PRIVATE_HOSTS = env.listing("ALLOWED_PRIVATE_HOSTS")
JOURNAL_DIR = env.folder("JOURNAL_DIR", VAR / "journal")
BODY_DAYS = env.integer("BODY_DAYS", 30)
"""Days that messages and answers are kept; 0 is for ever."""
RECORD_MONTHS = env.integer("RECORD_MONTHS", 0)
"""Months that records are kept; 0 is for ever."""
RATES_WITHOUT_REDIS = env.decimal("RATES_WITHOUT_REDIS", 0.5, least=0.01, most=1)
"""The share of each limit that the workers of one host together grant while Redis is out of reach."""
KEYS_WITHOUT_DATABASE = env.decimal("KEYS_WITHOUT_DATABASE", 900)
"""Seconds that keys in use go on working while the database is out of reach."""
BATCH_LEASE_SECONDS = env.integer("BATCH_LEASE_SECONDS", 300, least=10)

CIRCUIT_FAILURES = env.integer("CIRCUIT_FAILURES", 5, least=1)
"""Tries of a route that must fail within half a minute before it is left alone for a while."""

# the web process

PORT = env.integer("PORT", 8000, least=1, most=65535)
WEB_CONCURRENCY = env.integer("WEB_CONCURRENCY", 1, least=1, most=256)
PROVIDER_QUEUE = env.integer("PROVIDER_QUEUE", 1000)
"""Calls that may wait for one provider's limits in each process."""
SOCKETS_PER_KEY = env.integer("SOCKETS_PER_KEY", 1000, least=1)
"""WebSockets that one key may hold open in each worker."""
ACCESS_LOG = env.flag("ACCESS_LOG")
WELCOME_REMOTE = env.flag("WELCOME_REMOTE")
"""Whether the printed one-time link into the admin works from other machines too."""
DRAIN_SECONDS = env.decimal("DRAIN_SECONDS", 1)
GRACE_SECONDS = env.decimal("GRACE_SECONDS", 30)

# mail

globals().update(env.mail_server("EMAIL_URL"))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "gatehouse@localhost")

# the stock side

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000  # a prompt of a hundred variables has 1,500
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Gatehouse",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "StatusEnum": "analytics.shapes.STATUSES",
        "CircuitEnum": "llm.surfaces.openapi.offers.STATES",
        "MessageStatusEnum": "conversations.models.MessageStatus",
        "AnswerRoleEnum": "llm.surfaces.openapi.answers.ANSWERERS",
        "MessageRoleEnum": "conversations.shapes.ROLES",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
LOGIN_REDIRECT_URL = "admin:index"
UNFOLD = {
    "SITE_TITLE": "Gatehouse",
    "SITE_HEADER": "Gatehouse",
    "SITE_SYMBOL": "fort",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("admin/gatehouse.svg")}],
    "SHOW_VIEW_ON_SITE": False,
    "SITE_URL": None,
    "ENVIRONMENT": "llm.admin.frame.environment",
    "DASHBOARD_CALLBACK": "llm.admin.frame.index",
    "SIDEBAR": {"navigation": "llm.admin.frame.navigation"},
    "STYLES": [lambda request: static("admin/gatehouse.css")],
    "SCRIPTS": [lambda request: static("admin/keyboard.js")],
}
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ours": {"()": "config.logs.OursOrWarnings"}},
    "formatters": {"line": {"()": "config.logs.Redacted", "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["ours"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING"},
        "celery": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
        "uvicorn.access": {"level": "INFO"},
    },
}
