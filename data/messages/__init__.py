"""The numbered messages in English; the other languages are in the catalogues of i18n."""
