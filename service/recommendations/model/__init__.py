"""The model of taste: what it learns from, its training, evaluation, storage, and the copy that workers serve from."""
