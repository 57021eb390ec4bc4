"""The second source: segment groups of PossibleNOW MyPreferences."""
