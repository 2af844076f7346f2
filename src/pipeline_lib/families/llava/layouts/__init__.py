"""The layouts of LLaVA checkpoints: the hub's and the original's; reading, converting and exporting them."""
