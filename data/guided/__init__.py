"""Guided tests: what ships, as TOML; texts are English here, their translations are in i18n."""
