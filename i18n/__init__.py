"""Catalogues of texts (gettext, Babel) and the functions that use them."""
