"""Recommendation model: dataset, training, evaluation, storage, and the copy in memory that a worker serves from."""
