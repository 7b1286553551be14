#!/bin/sh
# Run once by the postgres image on an empty volume: the product's role owns its database and nothing else.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$POSTGRES_PASSWORD" --username postgres <<'SQL'
CREATE ROLE aftersales LOGIN PASSWORD :'password';
CREATE DATABASE aftersales OWNER aftersales;
SQL
