# SPDX-License-Identifier: CC0-1.0
"""Parts of identity.py, each of which computes what one section of format.md says."""
