"""What screens share; widgets draw values they are given and ask nobody."""
