from django.contrib.auth.views import LogoutView
from django.urls import path

from sessions_app.views import account, calls, controls, desk, files, guards, health, history, review, session, start, stream, tasks, timeline

urlpatterns = [
    path("", desk.desk, name="desk"),
    path("needing/", desk.needing, name="needing"),
    path("sessions/", history.session_list, name="session-list"),
    path("sessions/new/", start.session_start, name="session-start"),
    path("sessions/<str:pk>/", session.session_detail, name="session-detail"),
    path("sessions/<str:pk>/controls/", controls.session_controls, name="session-controls"),
    path("sessions/<str:pk>/commands/<str:kind>/", controls.session_command, name="session-command"),
    path("sessions/<str:pk>/question/", tasks.session_question, name="session-question"),
    path("sessions/<str:pk>/tasks/", tasks.task_send, name="task-send"),
    path("sessions/<str:pk>/timeline/", timeline.session_timeline, name="session-timeline"),
    path("sessions/<str:pk>/caps/", guards.session_caps, name="session-caps"),
    path("sessions/<str:pk>/go-on/", guards.session_go_on, name="session-go-on"),
    path("sessions/<str:pk>/again/", start.session_again, name="session-again"),
    path("sessions/<str:pk>/whep/", stream.whep_offer, name="whep-offer"),
    path("sessions/<str:pk>/web-view/", stream.web_view, name="web-view"),
    path("viewings/<str:pk>/", stream.whep_viewing, name="whep-viewing"),
    path("web-view/<str:pk>/", stream.web_view_part, name="web-view-part"),
    path("web-view/<str:pk>/<path:path>", stream.web_view_part, name="web-view-part"),
    path("tasks/<str:pk>/answer/", tasks.task_answer, name="task-answer"),
    path("files/<str:pk>/", files.result_file, name="result-file"),
    path("connections/<int:pk>/calls/", calls.connection_calls, name="calls-left"),
    path("spend/", review.spend, name="spend"),
    path("settings/", account.settings_page, name="settings"),
    path("settings/caps/", guards.team_caps, name="team-caps"),
    path("settings/hold/", guards.team_hold, name="team-hold"),
    path("settings/theme/", account.theme, name="theme"),
    path("accounts/login/", account.sign_in, name="sign-in"),
    path("accounts/logout/", LogoutView.as_view(), name="sign-out"),
    path("healthz", health.healthz, name="healthz"),
]
