"""What a checkpoint's own generation settings mean for answers: its end tokens; anything else is refused."""

from transformers import GenerationConfig

from pipeline_lib.core.errors import PipelineError

CHANGING = {  # settings that change greedy answers of transformers' `generate`, and the values that do not
    **dict.fromkeys(["repetition_penalty", "encoder_repetition_penalty", "length_penalty"], (None, 1.0)),
    **dict.fromkeys(
        ["no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "min_length", "min_new_tokens"], (None, 0)
    ),
    **dict.fromkeys(["num_beams", "num_beam_groups", "guidance_scale"], (None, 1)),
    "token_healing": (None, False),
    **dict.fromkeys(["bad_words_ids", "force_words_ids", "constraints", "forced_bos_token_id"], (None,)),
    **dict.fromkeys(["forced_eos_token_id", "exponential_decay_length_penalty", "suppress_tokens"], (None,)),
    **dict.fromkeys(["begin_suppress_tokens", "sequence_bias", "watermarking_config", "stop_strings"], (None,)),
    **dict.fromkeys(["penalty_alpha", "dola_layers", "max_time", "prompt_lookup_num_tokens"], (None,)),
}


def expect_plain(config: GenerationConfig) -> None:
    """Raise PipelineError if a checkpoint asks for answers that are not plainly the likeliest tokens."""
    for name, neutral in CHANGING.items():
        value = getattr(config, name, None)
        if value not in neutral:
            raise PipelineError(
                f"the checkpoint asks for {name}, which this engine does not have", where="generation_config.json",
                value=value, cure=f"delete {name} from the file, in a dataset of your own, to answer without it",
            )  # fmt: skip


def ends_of(config: GenerationConfig) -> frozenset[int]:
    """Return the ids that end an answer: one, several, or none."""
    ends = config.eos_token_id
    return frozenset([] if ends is None else ends if isinstance(ends, list) else [ends])
