# Thin doors to the commands of this repository; `.venv/bin/poe` shows all of them.
# Words for a command go into variables: make up ARGS="--verbose", make logs SERVICE=chat, make test ARGS="-k recall".

.DEFAULT_GOAL := help
.PHONY: help bootstrap up down status logs check test gen servers \
	somastack-up somastack-down somastack-status somastack-logs

SERVICE ?=
ARGS ?=
ONLY ?=

help:
	@printf '%s\n' \
	  'make up       start the mesh and print the address of the page' \
	  'make status   what runs, and how it is' \
	  'make logs     the logs of all services, or of one: make logs SERVICE=chat' \
	  'make down     stop the mesh; its data stay' \
	  'make check    the fast loop: style, types, floors, unit tests' \
	  'make test     everything: checks and every tier of tests' \
	  'make gen      generate gen/ from proto/' \
	  'make servers  bring real servers for tests: make servers ONLY="redis kafka"'

bootstrap:
	@sh tools/bootstrap.sh

up: bootstrap
	@.venv/bin/somastack up $(ARGS)

down: bootstrap
	@.venv/bin/somastack down $(ARGS)

status: bootstrap
	@.venv/bin/somastack status $(ARGS)

logs: bootstrap
	@.venv/bin/somastack logs $(SERVICE) $(ARGS)

check: bootstrap
	@PYTEST_ADDOPTS="$(ARGS)" .venv/bin/poe check

test: bootstrap
	@.venv/bin/python tools/servers/prepare.py postgres redis kafka || true
	@PYTEST_ADDOPTS="$(ARGS)" .venv/bin/poe test

gen: bootstrap
	@.venv/bin/poe gen

servers: bootstrap
	@.venv/bin/python tools/servers/prepare.py $(ONLY)

somastack-up: up
somastack-down: down
somastack-status: status
somastack-logs: logs
