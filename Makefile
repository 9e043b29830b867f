# Thin doors to the commands of this repository; `.venv/bin/poe` shows all of them.
# Words for a command go into variables: make up ARGS="--verbose", make logs SERVICE=chat, make test ARGS="-k recall".

.DEFAULT_GOAL := help
.PHONY: help bootstrap up down status logs check test gen servers \
	somastack-up somastack-down somastack-status somastack-logs

SERVICE ?=
ARGS ?=
ONLY ?=
KAFKA ?=
REDIS ?=
BESIDE = $(if $(filter 1,$(KAFKA)),--kafka) $(if $(filter 0,$(KAFKA)),--no-kafka) \
	$(if $(filter 1,$(REDIS)),--redis) $(if $(filter 0,$(REDIS)),--no-redis)

help:
	@printf '%s\n' \
	  'make up       start the mesh and print the address of the page; with a broker and a Redis: make up KAFKA=1 REDIS=1' \
	  'make status   what runs, and how it is' \
	  'make logs     the logs of all services, or of one: make logs SERVICE=chat' \
	  'make down     stop the mesh; its data stay' \
	  'make check    the fast loop: style, types, floors, unit tests' \
	  'make test     everything: checks and every tier of tests' \
	  'make gen      generate gen/ from proto/' \
	  'make servers  bring real servers for tests: make servers ONLY="redis kafka"'

bootstrap:
	@sh tools/bootstrap.sh

# KAFKA=1 and REDIS=1 bring the server and run it beside the services until KAFKA=0 and REDIS=0.
up: bootstrap
ifneq ($(filter 1,$(KAFKA) $(REDIS)),)
	@.venv/bin/python tools/servers/prepare.py $(if $(filter 1,$(KAFKA)),kafka) $(if $(filter 1,$(REDIS)),redis)
endif
	@.venv/bin/somastack up $(BESIDE) $(ARGS)

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
