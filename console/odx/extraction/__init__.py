"""Turns odxtools' layers into the plain values of model/description.py; runs in the import worker only."""
