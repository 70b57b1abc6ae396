"""The child process of prover.solvers: reads a request on stdin, prints one JSON line for each script.

A request is {"solver", "task", "scripts": [[index, text], ...], "seconds", "memory"}; a reply is {"index", "version", "answer", "core",
"model", "proof", "reason", "seconds"}. What goes wrong with a script is the reason why it is unknown.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

OUTPUT_BYTES = 64 << 20
"""What a child may print in all."""

GRACE = 5
"""Seconds beyond the limit that a process has to start and to end."""

Reply = dict[str, Any]


def main() -> None:
    """Limit memory, time and output, then ask."""
    request = json.load(sys.stdin)
    limit_resources(request["memory"], request["seconds"])
    ask = TASKS[request["task"], request["solver"]]
    for index, script in request["scripts"]:
        start = time.monotonic()
        try:
            reply = ask(script)
        except MemoryError:
            reply = {"answer": "unknown", "reason": "out of memory"}
        except Exception as failure:
            text = " ".join(f"{type(failure).__name__}: {failure}".split())
            reply = {"answer": "unknown", "reason": "out of memory" if "memory" in text else text[:200]}
        print("\n" + json.dumps({**reply, "index": index, "seconds": time.monotonic() - start}), flush=True)


def limit_resources(memory: int, seconds: float) -> None:
    """The kernel of the operating system ends the process at any of these, whatever it is doing, and also if its parent is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    processor = int(seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor + 1))
    signal.alarm(int(seconds) + GRACE + 1)


def ask_z3(script: str) -> Reply:
    """Z3's answer with a minimised core."""
    import z3

    solver = z3.Solver()
    solver.set("core.minimize", True)
    solver.from_string("(set-option :produce-unsat-cores true)\n" + script)
    answer = str(solver.check())
    core = sorted(str(name) for name in solver.unsat_core()) if answer == "unsat" else []
    reason = solver.reason_unknown() if answer == "unknown" else ""
    return {"version": z3.get_version_string(), "answer": answer, "core": core, "reason": reason}


def ask_cvc5(script: str) -> Reply:
    """cvc5's answer with a minimised core."""
    solver, symbols, answer = _run_cvc5(script, {"produce-unsat-cores": "true", "minimal-unsat-cores": "true"})
    names: Any = symbols.getNamedTerms() if answer == "unsat" else {}
    core = set(solver.getUnsatCore()) if answer == "unsat" else set()
    named = sorted(name for term, name in names.items() if term in core)
    return {"version": _version(solver), "answer": answer, "core": named, "reason": "" if answer in ("sat", "unsat") else answer}


def model_of_z3(script: str) -> Reply:
    """Z3's answer with a model, and no core. Rational values are written as quotients, others as the solver writes them."""
    import z3

    solver = z3.Solver(ctx=z3.Context())
    solver.from_string(script)
    answer = str(solver.check())
    model = solver.model() if answer == "sat" else []
    values = {constant.name(): model[constant] for constant in model if constant.arity() == 0}
    texts = {name: str(value.as_fraction() if z3.is_rational_value(value) else value) for name, value in values.items()}
    reason = solver.reason_unknown() if answer == "unknown" else ""
    return {"version": z3.get_version_string(), "answer": answer, "model": texts, "reason": reason}


def model_of_cvc5(script: str) -> Reply:
    """cvc5's answer with a model, and no core, without which it decides more nonlinear scripts."""
    solver, symbols, answer = _run_cvc5(script, {"produce-models": "true"})
    declared = symbols.getDeclaredTerms() if answer == "sat" else []
    values = {str(term): solver.getValue(term) for term in declared}
    texts = {name: str(value.toPythonObj() if value.isRealValue() or value.isIntegerValue() else value) for name, value in values.items()}
    return {"version": _version(solver), "answer": answer, "model": texts, "reason": "" if answer in ("sat", "unsat") else answer}


def model_of_bitwuzla(script: str) -> Reply:
    """Bitwuzla's answer with a model. It takes bit-vectors and the floating-point sorts of IEEE 754 alone."""
    import bitwuzla

    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(script, True, False)
    solver = parser.bitwuzla()
    result = solver.check_sat()
    answer = {bitwuzla.Result.SAT: "sat", bitwuzla.Result.UNSAT: "unsat"}.get(result, "unknown")
    declared = parser.get_declared_funs() if answer == "sat" else []
    texts = {str(term): str(solver.get_value(term)) for term in declared}
    return {"version": str(bitwuzla.version()), "answer": answer, "model": texts, "reason": "" if answer != "unknown" else str(result)}


NO_TRUST = {"nl-cov": "false", "nl-ext": "full", "nl-ext-tplanes": "true"}
"""Without coverings, whose steps cvc5 cannot prove but asks to be trusted."""


def prove_cvc5(script: str, options: dict[str, str] = NO_TRUST) -> Reply:
    """cvc5's answer with its proof in CPC."""
    import cvc5

    settings = {"produce-proofs": "true", "proof-granularity": "dsl-rewrite", **options}
    solver, _, answer = _run_cvc5(script, settings)
    proof = ""
    if answer == "unsat":
        (whole,) = solver.getProof()
        printed = solver.proofToString(whole, cvc5.ProofFormat.CPC)
        proof = printed.decode() if isinstance(printed, bytes) else str(printed)
    return {"version": _version(solver), "answer": answer, "core": [], "proof": proof, "reason": "" if proof else answer}


def prove_cvc5_as_it_likes(script: str) -> Reply:
    """cvc5's proof by its default methods, which may ask for trust."""
    return prove_cvc5(script, {})


def _run_cvc5(script: str, options: dict[str, str]) -> tuple[Any, Any, str]:
    """The solver, its symbols, and its last word after all commands."""
    import cvc5

    solver = cvc5.Solver(cvc5.TermManager())
    for name, value in options.items():
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "script")
    symbols = parser.getSymbolManager()
    answer = ""
    while not (command := parser.nextCommand()).isNull():
        answer = command.invoke(solver, symbols).strip() or answer
    return solver, symbols, answer


def _version(solver: Any) -> str:
    version = solver.getVersion()
    return version.decode() if isinstance(version, bytes) else str(version)


TASKS: dict[tuple[str, str], Callable[[str], Reply]] = {
    ("decide", "z3"): ask_z3,
    ("decide", "cvc5"): ask_cvc5,
    ("model", "z3"): model_of_z3,
    ("model", "cvc5"): model_of_cvc5,
    ("model", "bitwuzla"): model_of_bitwuzla,
    ("prove", "cvc5"): prove_cvc5,
    ("prove freely", "cvc5"): prove_cvc5_as_it_likes,
}


if __name__ == "__main__":
    main()
