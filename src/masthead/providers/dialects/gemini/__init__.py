"""Google's generateContent, of the Gemini API and of Vertex. A target only: no caller speaks it to us."""
