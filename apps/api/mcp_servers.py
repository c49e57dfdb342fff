"""A project's MCP servers: list, set, remove. Of a credential only the name of its secret is ever told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.base import READ_RUNS, ApiView
from apps.api.paging import Pages
from apps.api.parsing import Flag, Number, Strict, Text, one_of
from apps.api.problems import Problem
from apps.projects.mcp_looks import look_at, rules_of
from apps.projects.mcp_servers import LONGEST_TIMEOUT_S, BadServer, Wanted, remove_server, set_server
from apps.projects.models import McpServer, Project

POLICIES = McpServer.Policy.values


class McpServerSerializer(serializers.ModelSerializer[McpServer]):
    """`headers` name secrets as `${NAME}`; their values are shown to nobody."""

    command = serializers.ListField(child=serializers.CharField())
    env = serializers.DictField(child=serializers.CharField())
    headers = serializers.DictField(child=serializers.CharField())
    tools = serializers.DictField(child=serializers.CharField())
    planning = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = McpServer
        fields = (
            *("name", "command", "env", "url", "headers", "policy", "tools", "planning", "timeout_s", "enabled"),
            *("created_at", "updated_at"),
        )
        read_only_fields = fields


class SetMcpServer(Strict):
    """The whole of it: what is left out is as if it had never been said."""

    command = serializers.ListField(child=Text(allow_blank=True), required=False, help_text="Runs in the sandbox.")
    env = serializers.DictField(child=Text(allow_blank=True), required=False, help_text="For the command. No secrets.")
    url = Text(max_length=500, required=False, allow_blank=True, help_text="Asked over HTTP, by Hive.")
    headers = serializers.DictField(
        child=Text(), required=False, help_text="For the address; `${NAME}` is the project's secret NAME."
    )
    policy = serializers.ChoiceField(POLICIES, required=False, error_messages=one_of(POLICIES, "Policy"))
    tools = serializers.DictField(
        child=serializers.ChoiceField(POLICIES), required=False, help_text="Policies of single tools, by name."
    )
    planning = serializers.ListField(
        child=Text(), required=False, help_text="Tools that the manager may call while it plans, unasked."
    )
    timeout_s = Number(required=False, min_value=1, max_value=LONGEST_TIMEOUT_S)
    enabled = Flag(required=False)


class ToolSeen(serializers.Serializer[Any]):
    """A tool that the server offers, and what the project's rules say of it."""

    name = serializers.CharField()
    description = serializers.CharField()
    reads_only = serializers.BooleanField(help_text="So its server says.")
    policy = serializers.ChoiceField(POLICIES)
    planning = serializers.BooleanField(help_text="Whether it is there while the manager plans.")


class LookedSerializer(serializers.Serializer[Any]):
    """`ok` is null where no worker has answered: those start a server that has a command."""

    ok = serializers.BooleanField(allow_null=True)
    message = serializers.CharField()
    tools = ToolSeen(many=True)


class McpServerList(ApiView):
    scopes = READ_RUNS
    serializer_class = McpServerSerializer
    pagination_class = Pages

    def get(self, request: Request, pk: int) -> Response:
        """The project's MCP servers, by name."""
        servers = _project(self, pk).mcp_servers.order_by("name")
        return self.get_paginated_response(McpServerSerializer(self.paginate_queryset(servers), many=True).data)


class McpServerView(ApiView):
    scopes = {**READ_RUNS, "PUT": "runs:write", "DELETE": "runs:write"}
    http_method_names = ("get", "head", "put", "delete")

    @extend_schema(operation_id="mcp_server", responses=McpServerSerializer)
    def get(self, request: Request, pk: int, name: str) -> Response:
        """One MCP server."""
        return Response(McpServerSerializer(_server(self, pk, name)).data)

    @extend_schema(operation_id="set_mcp_server", request=SetMcpServer, responses=McpServerSerializer)
    def put(self, request: Request, pk: int, name: str) -> Response:
        """Give the project this server, or make it so, for owners. Jobs that begin later use it."""
        project = _project(self, pk)
        self.caller.require_manage(project.organisation_id)
        body = SetMcpServer(data=request.data)
        body.is_valid(raise_exception=True)
        given: dict[str, Any] = body.validated_data
        try:
            return Response(McpServerSerializer(set_server(project, name, Wanted(**given))).data)
        except BadServer as error:
            raise Problem(422, "bad_mcp_server", str(error), field=error.where) from None

    @extend_schema(operation_id="remove_mcp_server", responses={204: None})
    def delete(self, request: Request, pk: int, name: str) -> Response:
        """Take it away, for owners."""
        server = _server(self, pk, name)
        self.caller.require_manage(server.project.organisation_id)
        remove_server(server)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CheckMcpServer(ApiView):
    scopes = {"POST": "runs:write"}

    @extend_schema(operation_id="check_mcp_server", request=None, responses=LookedSerializer)
    def post(self, request: Request, pk: int, name: str) -> Response:
        """Ask the server now what it offers, with its credentials: for those who may start runs that do so."""
        server = _server(self, pk, name)
        self.caller.require_change(server.project.organisation_id)
        looked = look_at(server)
        tools = [{**asdict(tool), **rules_of(server, tool)} for tool in looked.tools]
        return Response(LookedSerializer({"ok": looked.ok, "message": looked.message, "tools": tools}).data)


def _project(view: ApiView, pk: int) -> Project:
    return get_object_or_404(view.caller.projects(), pk=pk)


def _server(view: ApiView, pk: int, name: str) -> McpServer:
    return get_object_or_404(McpServer.objects.select_related("project"), project=_project(view, pk), name=name)
