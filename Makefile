# make run and make test set everything up themselves; they need python3 (3.11 or later), venv and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ARGS   ?=
.DEFAULT_GOAL := help
.PHONY: help run test test-slow bench bench-check docs docs-serve reference reference-check lint clean

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 18

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("mibench needs Python 3.11 or later; try: make PYTHON=python3.12 run")'
	@echo "setting up $(VENV) (once, a few minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[fast,digits,mnist5k,dask,peers,test]'
	@$(BIN)/python -c 'import mibench.neighbors.warm, mibench.neural.warm'
	@touch $@

run: $(READY) ## set up, then: mibench run --estimators mine,ksg --task gaussian
	$(BIN)/mibench run --estimators mine,ksg --task gaussian $(ARGS)

test: $(READY) lint ## set up, then every test but the slow ones
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-slow: $(READY) ## the accuracy and scale runs, some of many minutes
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: $(READY) ## ruff and strict types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

$(VENV)/.docs: $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --editable '.[docs]'
	@touch $@

docs: $(VENV)/.docs ## the documentation as a site, strictly: build/site/index.html, which needs no server and no network
	$(BIN)/python docs/site/build.py

docs-serve: $(VENV)/.docs ## the same at http://localhost:8000, built again when a page changes
	$(BIN)/python docs/site/build.py --serve

bench: $(READY) ## speed as ratios, with their spread and what is wanted, under twenty minutes
	$(BIN)/python benchmarks/kept.py --show

bench-check: $(READY) ## the same for a weekly job: a line a ratio, fails if one got worse than benchmarks/kept.toml
	$(BIN)/python benchmarks/kept.py

EVERY := gaussian,gaussian-copula,t-copula,gmm,histogram,ksg,kl,ksg-mixed,mine,mine-f,dv,nwj,jsd,smile,infonce,flo,tuba,club,l1out
EVERY := $(EVERY),doe,deep-infomax,gan-dime,infonce-anchor,auto
N     ?= 1000
SEEDS ?= 2
OUT   ?= results/reference

reference: $(READY) ## estimators on beyond-normal, one and a half hours, with a report (N=5000 SEEDS=5 OUT=… for a larger one)
	-$(BIN)/mibench run -e $(EVERY) -t beyond-normal -n $(N) --seeds $(SEEDS) -o $(OUT)
	$(BIN)/mibench report $(OUT) --leaderboard

TERMS := none,mine,mine-f,dv,nwj,jsd,smile,infonce,flo,tuba,club,doe,deep-infomax,gan-dime,hd-dime,kl-dime,infonce-anchor,alpha-tuba,l1out
MODELS := mode-collapse/grid25,mode-collapse/stacked-digits,reconstruction/digits,bottleneck/noisy,representation

reference-applications: $(READY) ## models trained with every term, some hours in parts: say it again to go on
	$(BIN)/mibench run -e none,mine,jsd,infonce -t $(MODELS) --seeds 8 -o results/applications
	$(BIN)/mibench run -e mine -t mode-collapse/grid25:clip=false --seeds 8 -o results/applications
	$(BIN)/mibench run -e none,mine -t mode-collapse/grid25:steps=6000,reconstruction/digits:steps=4000 --seeds 8 -o results/applications
	$(BIN)/mibench run -e none,mine -t mode-collapse/grid25:steps=12000 --seeds 4 -o results/applications
	$(BIN)/mibench run -e flo,deep-infomax -t bottleneck/noisy --seeds 8 -o results/applications
	-$(BIN)/mibench run -e $(TERMS) -t $(MODELS) --seeds 4 -o results/applications
	$(BIN)/mibench report results/applications

FEW   := gaussian,ksg,ksg-mixed,kl,mine,infonce
AGAIN ?= results/reference-again

reference-check: $(READY) ## a part of the reference run anew, for a weekly job: fails if it comes out worse
	-$(BIN)/mibench run -e $(FEW) -t beyond-normal -n $(N) --seeds 2 -o $(AGAIN)
	$(BIN)/mibench compare $(OUT) $(AGAIN) --fail-if-worse

clean: ## remove the environment and caches
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
