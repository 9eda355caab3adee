"""Reads and writes control-unit descriptions (PDX). Only user of odxtools."""
