#!/bin/sh
# Runs once, on an empty database: the role that Promptroom signs in with, and its database.
# It owns that database, for migrations, and is no superuser: those walk through the wall between
# workspaces (row-level security).
set -eu
ROLE_PASSWORD=$(cat "${DATABASE_PASSWORD_FILE:-/run/secrets/database_password}")
export ROLE_PASSWORD
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password ROLE_PASSWORD
CREATE ROLE promptroom LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    PASSWORD :'password';
CREATE DATABASE promptroom OWNER promptroom;
REVOKE ALL ON DATABASE promptroom FROM PUBLIC;
SQL
unset ROLE_PASSWORD
