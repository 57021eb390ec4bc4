"""Tests of match-all runs, in the order acquire, prove, believe, compare, emit."""
