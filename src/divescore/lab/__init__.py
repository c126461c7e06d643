"""What made the model: rendering, training, evaluation, and the study of capacity."""
