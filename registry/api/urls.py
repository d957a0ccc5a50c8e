"""The registry's web API and index."""

from django.urls import path, re_path

from registry.api.attestations import VersionAttestations
from registry.api.categories import CategoryDetail, CategoryList, CategorySlugs
from registry.api.crates import CrateDetail, CrateList
from registry.api.dependents import ReverseDependencies
from registry.api.download import download
from registry.api.downloads import CrateDownloads, VersionDownloads
from registry.api.evidence import CrateEvidenceView, evidence_file
from registry.api.follow import Follow, Following
from registry.api.health import healthz, readyz
from registry.api.index import config, index_file
from registry.api.invitations import (
    InvitationAnswer,
    InvitationByLetter,
    InvitationList,
    MyInvitations,
)
from registry.api.keywords import KeywordDetail, KeywordList
from registry.api.me import EmailNotifications, Me, Updates
from registry.api.metrics import metrics
from registry.api.owners import Owners, OwnerTeams, OwnerUsers
from registry.api.publish import Publish
from registry.api.readme import readme, rendered_readme
from registry.api.secret_scanning import SecretScanning
from registry.api.site import SiteMetadata, SummaryView
from registry.api.teams import TeamDetail
from registry.api.tokens import CurrentToken, TokenDetail, Tokens
from registry.api.users import ConfirmAddress, ResendConfirmation, UserDetail, UserStats
from registry.api.version import VersionAuthors, VersionDependencies, VersionDetail
from registry.api.versions import VersionList
from registry.api.yank import Unyank, Yank

CRATE = "api/v1/crates/<str:name>"
VERSION = f"{CRATE}/<str:num>"

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("index/config.json", config),
    re_path(r"^index/(?P<path>.+)$", index_file),
    path("readmes/<str:name>/<str:file>.html", rendered_readme),
    path("api/github/secret-scanning/verify", SecretScanning.as_view()),
    path("api/v1/evidence.jsonl.gz", evidence_file),
    path("api/v1/summary", SummaryView.as_view()),
    path("api/v1/site_metadata", SiteMetadata.as_view()),
    path("api/v1/me", Me.as_view()),
    path("api/v1/me/updates", Updates.as_view()),
    path("api/v1/me/email_notifications", EmailNotifications.as_view()),
    path("api/v1/me/crate_owner_invitations", MyInvitations.as_view()),
    path("api/v1/me/crate_owner_invitations/<int:crate_id>", InvitationAnswer.as_view()),
    path("api/v1/me/crate_owner_invitations/accept/<str:token>", InvitationByLetter.as_view()),
    path("api/private/crate_owner_invitations", InvitationList.as_view()),
    path("api/v1/me/tokens", Tokens.as_view()),
    path("api/v1/me/tokens/<int:token_id>", TokenDetail.as_view()),
    path("api/v1/tokens/current", CurrentToken.as_view()),
    path("api/v1/users/<str:user>", UserDetail.as_view()),
    path("api/v1/users/<int:user_id>/stats", UserStats.as_view()),
    path("api/v1/users/<int:user_id>/resend", ResendConfirmation.as_view()),
    path("api/v1/confirm/<str:email_token>", ConfirmAddress.as_view()),
    path("api/v1/keywords", KeywordList.as_view()),
    path("api/v1/keywords/<str:keyword>", KeywordDetail.as_view()),
    path("api/v1/categories", CategoryList.as_view()),
    path("api/v1/categories/<str:category>", CategoryDetail.as_view()),
    path("api/v1/category_slugs", CategorySlugs.as_view()),
    path("api/v1/teams/<str:team>", TeamDetail.as_view()),
    path("api/v1/crates", CrateList.as_view()),
    path("api/v1/crates/new", Publish.as_view()),
    path(CRATE, CrateDetail.as_view()),
    path(f"{CRATE}/evidence", CrateEvidenceView.as_view()),
    path(f"{CRATE}/follow", Follow.as_view()),
    path(f"{CRATE}/following", Following.as_view()),
    path(f"{CRATE}/downloads", CrateDownloads.as_view()),
    path(f"{CRATE}/owners", Owners.as_view()),
    path(f"{CRATE}/owner_user", OwnerUsers.as_view()),
    path(f"{CRATE}/owner_team", OwnerTeams.as_view()),
    path(f"{CRATE}/reverse_dependencies", ReverseDependencies.as_view()),
    path(f"{CRATE}/versions", VersionList.as_view()),
    path(VERSION, VersionDetail.as_view()),
    path(f"{VERSION}/dependencies", VersionDependencies.as_view()),
    path(f"{VERSION}/attestations", VersionAttestations.as_view()),
    path(f"{VERSION}/authors", VersionAuthors.as_view()),
    path(f"{VERSION}/readme", readme),
    path(f"{VERSION}/download", download),
    path(f"{VERSION}/downloads", VersionDownloads.as_view()),
    path(f"{VERSION}/yank", Yank.as_view()),
    path(f"{VERSION}/unyank", Unyank.as_view()),
]
