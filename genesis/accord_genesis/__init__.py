"""How a network begins: the genesis document, the founders' ceremony, and framework presets."""
