"""Train small byte-level BPE tokenizers."""

from typing import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

PAD = "<pad>"  # added after `<image>`, as in the llava-hf checkpoints


def train_language_tokenizer(texts: Iterable[str], vocabulary: int, whole: list[str]) -> PreTrainedTokenizerFast:
    """Return a tokenizer of `vocabulary` tokens, with a single token for every text in `whole`.

    Its special tokens are Llama's `<unk>`, `<s>`, `</s>` with ids 0, 1, 2; padding is `<unk>`.
    """
    tokenizer = _train(texts, vocabulary, whole, ["<unk>", "<s>", "</s>"])
    single = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.post_processor = single
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", model_max_length=2048, **names)


def train_clip_tokenizer(texts: Iterable[str], vocabulary: int, length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer with CLIP's start and end tokens, for texts of at most `length` tokens.

    The end token must not have id 2, with which transformers assumes the first CLIP checkpoints and pools elsewhere.
    """
    start, end = "<|startoftext|>", "<|endoftext|>"
    tokenizer = _train(texts, vocabulary, [], [start, end])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(start, 0), (end, 1)]
    )
    names = {"unk_token": end, "bos_token": start, "eos_token": end, "pad_token": end}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", model_max_length=length, **names)


def _train(texts: Iterable[str], vocabulary: int, whole: list[str], special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(whole),
        special_tokens=special,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in whole])
    return tokenizer
