"""A template as the Jinja text `chat_template.jinja`, by which servers and transformers turn messages into a prompt."""

import json
import re

from pipeline_lib.core.errors import PipelineError
from pipeline_lib.prompts.base import IMAGE, Template, Turn, text_of

ASKED, ANSWERED = ("ask-1-", "ask-2-", "ask-3-"), ("answer-1-", "answer-2-")  # texts that no template has
JINJA = """\
{%- if messages[0]['role'] == 'system' -%}
{{- raise_exception('this model has the system text that it was trained with, and takes no other') -}}
{%- endif -%}
{{- bos_token + BEGIN -}}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}{{- ANSWER -}}{%- elif not loop.first -%}{{- NEXT -}}{%- endif -%}
{%- if message['content'] is string -%}{{- message['content'] -}}{%- else -%}
{%- for part in message['content'] if part['type'] in ('image', 'image_url') -%}{{- IMAGE -}}{%- endfor -%}
{%- for part in message['content'] if part['type'] == 'text' -%}{{- part['text'] -}}{%- endfor -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- OPEN -}}{%- elif messages[-1]['role'] == 'assistant' -%}{{- END -}}{%- endif -%}
"""


def chat_template(template: Template, spaced: bool = False) -> str | None:
    """Return the Jinja text of a template, images first in a message; None if the template has no rounds.

    `spaced`: write the spaces that a Llama tokenizer which is not legacy puts before the text between two images, as
    this project and LLaVA tokenise it, but not where that text follows a special token of a longer text.
    """
    try:
        text = text_of(template.prompt(_turns(ASKED, ANSWERED)))
        closed = text_of(template.conversation(_turns(ASKED[:2], ANSWERED)))
    except PipelineError:
        return None
    begin, *pieces = re.split("|".join([*ASKED, *ANSWERED]), text)
    answer, following, again, following_again, opened = pieces
    if (answer, following) != (again, following_again):
        return None
    end = closed.split(ANSWERED[-1])[1]
    space = " " if spaced else ""
    with_image = text_of(template.prompt(_turns((f"{IMAGE}\n{ASKED[0]}",), ())))
    after = "\n" if f"{IMAGE}\n" in with_image else ""
    parts = {"BEGIN": space + begin, "IMAGE": f"{IMAGE}{space}{after}"}
    parts |= {"ANSWER": answer, "NEXT": following, "OPEN": opened, "END": end}
    return re.sub("|".join(parts), lambda name: json.dumps(parts[name[0]]), JINJA)


def _turns(asked: tuple[str, ...], answered: tuple[str, ...]) -> list[Turn]:
    """Return rounds; a question without an answer ends them."""
    turns: list[Turn] = []
    for number, text in enumerate(asked):
        turns.append({"from": "human", "value": text})
        turns += [{"from": "gpt", "value": each} for each in answered[number : number + 1]]
    return turns
