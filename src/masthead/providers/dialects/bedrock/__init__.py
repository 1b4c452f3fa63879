"""Amazon Bedrock's Converse. A target only: no caller speaks it to us."""
