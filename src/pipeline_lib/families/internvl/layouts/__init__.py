"""The layouts of InternVL checkpoints: the original's and the hub's; reading, converting and exporting them."""
