"""The pages of one prompt, apart from the admin's own: they show in full what people wrote for models."""
