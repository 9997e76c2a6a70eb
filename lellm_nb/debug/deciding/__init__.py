"""Standing rules: decisions that are made beforehand."""
