"""The child process of prover.solvers: reads a request on stdin, prints one JSON line for each script."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any


def main() -> None:
    """Limit memory and processor time, then ask."""
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
    seconds = int(request["seconds"]) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    ask = {"z3": ask_z3, "cvc5": ask_cvc5}[request["solver"]]
    for script in request["scripts"]:
        start = time.monotonic()
        version, answer, core = ask(script)
        answer = answer if answer in ("sat", "unsat") else "unknown"
        print(json.dumps({"version": version, "answer": answer, "core": core, "seconds": time.monotonic() - start}), flush=True)


def ask_z3(script: str) -> tuple[str, str, list[str]]:
    """Z3's answer with a minimised core."""
    import z3

    solver = z3.Solver()
    solver.set("core.minimize", True)
    solver.from_string("(set-option :produce-unsat-cores true)\n" + script)
    answer = str(solver.check())
    core = sorted(str(name) for name in solver.unsat_core()) if answer == "unsat" else []
    return z3.get_version_string(), answer, core


def ask_cvc5(script: str) -> tuple[str, str, list[str]]:
    """cvc5's answer with a minimised core."""
    import cvc5

    terms = cvc5.TermManager()
    solver = cvc5.Solver(terms)
    solver.setOption("produce-unsat-cores", "true")
    solver.setOption("minimal-unsat-cores", "true")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "script")
    symbols = parser.getSymbolManager()
    answer = ""
    while True:
        command = parser.nextCommand()
        if command.isNull():
            break
        answer = command.invoke(solver, symbols).strip() or answer
    names: Any = symbols.getNamedTerms() if answer == "unsat" else {}
    core = set(solver.getUnsatCore()) if answer == "unsat" else set()
    version = solver.getVersion()
    named = sorted(name for term, name in names.items() if term in core)
    return version.decode() if isinstance(version, bytes) else str(version), answer, named


if __name__ == "__main__":
    main()
