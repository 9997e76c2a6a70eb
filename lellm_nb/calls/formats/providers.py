"""Who answers: by the host of a URL."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["provider_of"]

_HOSTS = {
    "api.openai.com": "openai",
    "openai.azure.com": "azure",
    "services.ai.azure.com": "azure",
    "cognitiveservices.azure.com": "azure",
    "api.anthropic.com": "anthropic",
    "googleapis.com": "google",
    "amazonaws.com": "aws",
    "openrouter.ai": "openrouter",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.deepseek.com": "deepseek",
    "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.cerebras.ai": "cerebras",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x-ai",
    "api.moonshot.ai": "moonshotai",
    "api.moonshot.cn": "moonshotai",
}
"""Ends of hosts, and who they are to `genai-prices`."""


def provider_of(url: str) -> str:
    """Return who is at a URL, empty where that is not known.

    Example:
        >>> provider_of("https://me.openai.azure.com/openai/deployments/d/chat/completions")
        'azure'
        >>> provider_of("http://localhost:11434/v1/chat/completions")
        ''
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    for end, name in _HOSTS.items():
        if host == end or host.endswith(f".{end}"):
            return name
    return ""
