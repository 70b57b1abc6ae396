"""The answer about a model as one HTML file that loads nothing."""

from __future__ import annotations

from suffice.network_answers import ModelAnswer
from suffice.network_plots import draw_model, svg_of
from suffice.network_tables import headline, inputs_text, model_tables


def report_html(answer: ModelAnswer) -> str:
    """The page; every text from outside is escaped, the picture stands in it as SVG."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("suffice"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("model.html.j2").render(
        title=headline(answer),
        sentence=answer.sentence(),
        facts=_facts(answer),
        picture=Markup(svg_of(draw_model(answer))),
        tables=model_tables(answer, every_layer=True),
    )


def _facts(answer: ModelAnswer) -> list[str]:
    """The set of inputs, and the certificates' names."""
    arrival = "rounded first to the input's format" if answer.inputs.model.value == "real" else "numbers of the input's format"
    lines = [f"inputs: {inputs_text(answer.inputs)} of shape {answer.inputs.shape}, {arrival}"]
    named = [(label, result.digest) for label, result in zip(answer.labels, answer.results, strict=True) if result.digest]
    return lines + [f"certificate of {label}: {digest}" for label, digest in named]
