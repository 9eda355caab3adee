"""What a mechanic does, as generators that yield progress: no screen, no thread, no clock of their own."""
